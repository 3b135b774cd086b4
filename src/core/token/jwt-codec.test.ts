import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { createLocalJWKSet, importJWK, jwtVerify, SignJWT } from 'jose'
import {
  addActor,
  check,
  granted,
  HOUR,
  logIn,
  MINUTE,
  openFixture,
  PASSWORD,
  reasonOf,
  refresh,
  refused,
  type TestFixture,
} from '../../../test/support/authority.ts'
import { memory } from '../../stores/memory/index.ts'
import { fakeClock } from '../../testing/fake-clock.ts'
import { nativeCodec, type TokenCodec } from '../index.ts'
import { JWT_FORMAT, jwtCodec } from './jwt-codec.ts'
import { TOKEN_PATTERN } from './native-codec.ts'
import { digestSecret } from './secret.ts'
import { createSessionId } from './session-id.ts'

const AGENT = { profile: 'agent', format: JWT_FORMAT } as const
const SECOND = 1000

async function openAgents(t: TestContext): Promise<TestFixture> {
  const fixture = await openFixture(t, { codecs: [jwtCodec()] })
  await addActor(fixture.authority, 'Ada')
  return fixture
}

async function openCodec(): Promise<TokenCodec> {
  return jwtCodec()(memory({ clock: fakeClock() }))
}

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const decode = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString())

/** Returns the current signing key from the store. */
function storedKey({ engine }: TestFixture): { kid: string; x: string; d: string } {
  return JSON.parse(engine.tables.documents.get('signing-keys')?.value ?? '[]')[0]
}

test('a signed token is accepted, and verifies elsewhere with the public keys', async (t) => {
  const { authority, clock } = await openAgents(t)
  const { token, expiresAt, renewal, session } = await logIn(authority, 'ada', AGENT)
  const { actor } = await check(authority, token)
  assert.equal(renewal, null)
  assert.equal(expiresAt, clock.now() + 10 * MINUTE)
  const keySet = createLocalJWKSet({ keys: [...authority.keys.jwks().keys] as never })
  const { payload, protectedHeader } = await jwtVerify(token, keySet, {
    issuer: 'latchkey',
    audience: 'latchkey',
    algorithms: ['EdDSA'],
    currentDate: new Date(clock.now()),
  })
  const [{ kid } = { kid: '' }] = authority.keys.jwks().keys
  assert.deepEqual(protectedHeader, { alg: 'EdDSA', typ: 'JWT', kid })
  assert.deepEqual([payload.sub, payload['sid']], [actor.id, session.id])
  assert.equal(payload.jti?.length, 43)
  assert.ok(!JSON.stringify(authority.keys.jwks()).includes('"d"'))
})

test('a token expires at its own end while its session continues', async (t) => {
  const { authority, clock } = await openAgents(t)
  const { token } = await logIn(authority, 'ada', AGENT)
  clock.advance(9 * MINUTE)
  const later = granted(await refresh(authority, token))
  clock.advance(MINUTE - 1)
  await check(authority, token)
  clock.advance(1)
  refused(await authority.authenticate(token), 'session_expired')
  await check(authority, later.token)
})

test('an expired token does not count as a use of its session', async (t) => {
  const { authority, clock } = await openAgents(t)
  const { token } = await logIn(authority, 'ada', AGENT)
  clock.advance(9 * MINUTE)
  const later = granted(await refresh(authority, token))
  const current = await check(authority, later.token)
  clock.advance(9 * MINUTE)
  refused(await authority.authenticate(token), 'session_expired')
  const { session } = granted(await authority.sessions.recheck(current, { passive: true }))
  assert.equal(session.expiresAt, clock.now() + MINUTE)
})

test('the secret of a signed token is refused in another format', async (t) => {
  const { authority } = await openAgents(t)
  const { token } = await logIn(authority, 'ada', AGENT)
  const { sid, jti, sub } = decode(token.split('.')[1])
  for (const secret of [jti, `jwt:${jti}`]) {
    const native = nativeCodec.format({ id: sid, secret }, { owner: sub })
    refused(await authority.authenticate(native), 'token_invalid')
  }
})

test('a changed, foreign or forged token is refused, and never cached as verified', async (t) => {
  const fixture = await openAgents(t)
  const { authority } = fixture
  const { token, session } = await logIn(authority, 'ada', AGENT)
  const { token: other } = await logIn(authority, 'ada', AGENT)
  const [header = '', payload = '', signature = ''] = token.split('.')
  const claims = decode(payload)
  const ours = await importJWK({ kty: 'OKP', crv: 'Ed25519', ...storedKey(fixture) }, 'EdDSA')
  const kid = storedKey(fixture).kid
  const elsewhere = generateKeyPairSync('ed25519').privateKey
  const signed = (head: string, body: string, key: Parameters<typeof sign>[2] = elsewhere) =>
    `${head}.${body}.${sign(null, Buffer.from(`${head}.${body}`), key).toString('base64url')}`
  const withOurs = (body: object, head: object = { alg: 'EdDSA', typ: 'JWT', kid }) =>
    new SignJWT(body as never).setProtectedHeader(head as never).sign(ours)
  assert.equal(await withOurs(claims), token, 'the forger has the right pen')
  const forgeries = {
    'another key': signed(header, payload),
    'an unknown key': signed(encode({ alg: 'EdDSA', typ: 'JWT', kid: 'k'.repeat(43) }), payload),
    'no signature': `${header}.${payload}.`,
    'alg none': `${encode({ alg: 'none', typ: 'JWT', kid })}.${payload}.${signature}`,
    'alg HS256': `${encode({ alg: 'HS256', typ: 'JWT', kid })}.${payload}.${signature}`,
    'the payload of another': `${header}.${other.split('.')[1]}.${signature}`,
    'the signature of another': `${header}.${payload}.${other.split('.')[2]}`,
    'a longer life': `${header}.${encode({ ...claims, exp: claims.exp + 60 })}.${signature}`,
    'another issuer': await withOurs({ ...claims, iss: 'other' }),
    'another audience': await withOurs({ ...claims, aud: 'other' }),
    'another owner': await withOurs({ ...claims, sub: 'someone' }),
    'another secret': await withOurs({ ...claims, jti: 'x'.repeat(43) }),
    'another session': await withOurs({ ...claims, sid: createSessionId('x') }),
    'a claim more': await withOurs({ ...claims, admin: true }),
    'other order': await withOurs({ jti: claims.jti, ...claims }),
    crit: await withOurs(claims, { alg: 'EdDSA', typ: 'JWT', kid, b64: true, crit: ['b64'] }),
    jku: await withOurs(claims, { alg: 'EdDSA', typ: 'JWT', kid, jku: 'https://evil.test' }),
    'no kid': await withOurs(claims, { alg: 'EdDSA', typ: 'JWT' }),
    'a space': `${encode(`{"alg":"EdDSA", "typ":"JWT","kid":"${kid}"}`)}.${payload}.${signature}`,
    'a claim twice': `${header}.${encode(
      Buffer.from(payload, 'base64url').toString().replace('{', '{"sub":"x",'),
    )}.${signature}`,
    padding: `${token}==`,
    'four parts': `${token}.${signature}`,
    'a spare bit': token.slice(0, -1) + String.fromCharCode(token.charCodeAt(token.length - 1) + 1),
  }
  for (const [what, forged] of Object.entries(forgeries)) {
    assert.notEqual(forged, token, what)
    for (let again = 0; again < 2; again++) {
      assert.equal((await authority.authenticate(forged)).ok, false, what)
    }
    refused(await authority.authenticate(forged), 'token_invalid')
  }
  await authority.sessions.end({ id: session.id })
  // The holder of both the signing key and the secret may receive the reason.
  delete (forgeries as Record<string, string>)['another owner']
  for (const [what, forged] of Object.entries(forgeries)) {
    assert.equal(
      refused(await authority.authenticate(forged), 'token_invalid').reason,
      undefined,
      what,
    )
  }
  assert.equal(await reasonOf(authority, token), 'revoked')
})

test('the expiry of a token is reported to its holder only, and not for a forgery', async (t) => {
  const { authority, clock } = await openAgents(t)
  const { token } = await logIn(authority, 'ada', AGENT)
  clock.advance(10 * MINUTE)
  const [header, payload] = token.split('.')
  refused(await authority.authenticate(token), 'session_expired')
  refused(await authority.authenticate(`${header}.${payload}.${'A'.repeat(86)}`), 'token_invalid')
})

test('a token with any one character changed is refused', async (t) => {
  const { authority } = await openAgents(t)
  const { token } = await logIn(authority, 'ada', AGENT)
  await check(authority, token)
  for (let at = 0; at < token.length; at++) {
    const other = token[at] === 'B' ? 'C' : 'B'
    const altered = token.slice(0, at) + other + token.slice(at + 1)
    assert.equal((await authority.authenticate(altered)).ok, false, `at ${at}`)
  }
  await check(authority, token)
})

test('parsing never throws, and accepts no token of another format', async () => {
  const codec = await openCodec()
  const part = fc.oneof(
    fc.string(),
    fc.json().map(encode),
    fc.string({ unit: 'binary' }).map(encode),
    fc.constantFrom(encode({ alg: 'EdDSA', typ: 'JWT', kid: 'k'.repeat(43) }), 'A'.repeat(86)),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
      const parsed = codec.parse(parts.join('.'))
      if (parsed !== null) assert.equal(codec.createSecret().length, parsed.secret.length)
    }),
  )
  assert.equal(codec.parse(`eyJ${'A'.repeat(3000)}.eyJ.${'A'.repeat(86)}`), null)
  const secret = nativeCodec.createSecret()
  const native = nativeCodec.format({ id: createSessionId('x'), secret }, { owner: 'x' })
  assert.equal(codec.parse(native), null)
})

test('a token with another header is not of this format, so that no key is searched for', async () => {
  const codec = await openCodec()
  const id = createSessionId('x')
  const secret = codec.createSecret()
  const token = codec.format({ id, secret }, { owner: 'x', issuedAt: 0, expiresAt: 1 })
  const [header = '', payload, signature] = token.split('.')
  const { kid } = decode(header)
  const ours = { alg: 'EdDSA', typ: 'JWT', kid }
  assert.notEqual(codec.parse(`${encode(ours)}.${payload}.${signature}`), null)
  for (const other of [
    { ...ours, alg: 'none' },
    { ...ours, alg: 'HS256' },
    { ...ours, crit: ['b64'] },
    { ...ours, jku: 'https://evil.test' },
    { ...ours, kid: '../key' },
    { typ: 'JWT', alg: 'EdDSA', kid },
    JSON.stringify(ours).replace(',', ', '),
  ]) {
    assert.equal(codec.parse(`${encode(other)}.${payload}.${signature}`), null)
  }
})

test('a formatted token is parsed, verified, never too long, and found by the scanner', async () => {
  const codec = await openCodec()
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'binary', maxLength: 100 }),
      fc.nat(10_000_000),
      async (owner, second) => {
        const id = createSessionId(owner)
        const secret = codec.createSecret()
        const life = { issuedAt: 1, expiresAt: second * SECOND + 999 }
        const token = codec.format({ id, secret }, { owner, ...life })
        const { verify, ...parsed } = codec.parse(token) ?? { id: '', secret: '' }
        const digests = { token: digestSecret(token), secret: digestSecret(secret) }
        assert.deepEqual(parsed, { id, secret, owner, expiresAt: second * SECOND, digests })
        assert.equal(codec.parse(` ${token}`.slice(1)), codec.parse(token))
        assert.equal(await verify?.(), true)
        assert.deepEqual(`a "${token}".`.match(TOKEN_PATTERN), [token])
      },
    ),
    { numRuns: 30 },
  )
})

test('a valid token is verified once, and again after its session was read anew', async (t) => {
  const counts = { verified: 0 }
  const counting = jwtCodec()
  const { authority, addNode } = await openFixture(t, {
    codecs: [
      async (store) => {
        const codec = await counting(store)
        const parse: TokenCodec['parse'] = (token) => {
          const parsed = codec.parse(token)
          if (parsed === null) return null
          const verify = () => {
            counts.verified++
            return parsed.verify?.() ?? false
          }
          return { ...parsed, verify }
        }
        return { ...codec, parse }
      },
    ],
  })
  await addActor(authority, 'Ada')
  const { token, session } = await logIn(authority, 'ada', AGENT)
  for (let at = 0; at < 5; at++) await check(authority, token)
  assert.equal(counts.verified, 1)
  const there = await addNode({ codecs: [jwtCodec()] })
  const current = await check(there.authority, token)
  granted(await there.authority.stepUp(current, { password: PASSWORD, format: JWT_FORMAT }))
  refused(await authority.authenticate(token), 'token_invalid')
  assert.equal(counts.verified, 2)
  assert.equal(
    (await authority.sessions.list({ owner: current.actor.id })).items[0]?.id,
    session.id,
  )
})

test('a revocation, a password change, a suspension and a lock-all invalidate verified tokens at once on every node', async (t) => {
  const fixture = await openAgents(t)
  const there = await fixture.addNode()
  const { authority } = fixture
  const proven = async () => {
    const { token } = await logIn(authority, 'ada', AGENT)
    await check(authority, token)
    const { actor, session } = await check(there.authority, token)
    return { token, actor, session }
  }
  const dead = async (token: string, reason: string) => {
    assert.equal(await reasonOf(authority, token), reason)
    assert.equal(await reasonOf(there.authority, token), reason)
  }
  const first = await proven()
  await authority.sessions.end({ id: first.session.id })
  await dead(first.token, 'revoked')
  const second = await proven()
  const change = { actorId: second.actor.id, currentPassword: PASSWORD, next: PASSWORD }
  granted(await authority.credentials.changePassword({ ...change, sessions: 'revoke-all' }))
  await dead(second.token, 'password_changed')
  const third = await proven()
  await authority.actors.suspend(third.actor.id)
  await dead(third.token, 'suspended')
  await authority.actors.restore(third.actor.id)
  await dead(third.token, 'suspended')
  const fourth = await proven()
  await authority.sessions.lockAll()
  await dead(fourth.token, 'locked')
})

test('a step-up and a claim answer with signed tokens if requested', async (t) => {
  const { authority, clock } = await openFixture(t, { codecs: [jwtCodec()] })
  const code = (await authority.actors.createClaimCode()) ?? ''
  const claim = { code, name: 'Boss', password: PASSWORD, ...AGENT }
  refused(await authority.actors.claim({ ...claim, format: 'none' }), 'invalid_request')
  const boss = granted(await authority.actors.claim(claim))
  const current = await check(authority, boss.token)
  clock.advance(MINUTE)
  const proven = granted(
    await authority.stepUp(current, { password: PASSWORD, format: JWT_FORMAT }),
  )
  assert.equal(proven.expiresAt, clock.now() + 10 * MINUTE)
  await check(authority, proven.token)
  refused(await authority.authenticate(boss.token), 'token_invalid')
})

test('if no token can be written no session is created', async (t) => {
  const { authority } = await openFixture(t, { codecs: [jwtCodec()] })
  const actorId = 'é'.repeat(1000)
  refused(await authority.sessions.loginAnonymous({ actorId, format: JWT_FORMAT }), 'too_large')
  assert.equal(await authority.sessions.count(), 0)
})

test('no token outlives its session', async (t) => {
  const { authority, clock } = await openAgents(t)
  await authority.settings.set('profile.agent.idleMs', null)
  await authority.settings.set('profile.agent.tokenMs', 13 * HOUR)
  const { expiresAt, session } = await logIn(authority, 'ada', AGENT)
  assert.equal(expiresAt, session.endsAt)
  assert.equal(expiresAt, clock.now() + 12 * HOUR)
})
