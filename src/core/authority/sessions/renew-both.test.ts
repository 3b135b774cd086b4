import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  addActor,
  check,
  DAY,
  granted,
  logIn,
  openFixture,
  PASSWORD,
  refused,
  renewalOf,
} from '../../../../test/support/authority.ts'
import { angenCodec } from '../../../doors/angen/token-codec.ts'
import { mageCodec } from '../../../doors/mage/key-codec.ts'
import { nativeCodec } from '../../token/native-codec.ts'

const GRACE = 30_000

async function openWithDevice(t: TestContext) {
  const codecs = [angenCodec, mageCodec]
  const fixture = await openFixture(t, { codecs })
  await addActor(fixture.authority, 'Ada')
  const device = { profile: 'device', format: 'angen' } as const
  const login = await logIn(fixture.authority, 'ada', device)
  return { ...fixture, codecs, device, login, code: renewalOf(login) }
}

test('both codes of a generation renew repeatedly, in their format', async (t) => {
  const { authority, login } = await openWithDevice(t)
  let last = login
  for (let at = 1; at <= 3; at++) {
    last = granted(await authority.renew(renewalOf(last), { token: last.token }))
    assert.equal(last.session.generation, at)
    assert.notEqual(angenCodec.parse(last.token), null)
    assert.notEqual(angenCodec.parseRenewal(renewalOf(last)), null)
  }
  await check(authority, last.token)
})

test('a renewal with any other token is refused and changes nothing', async (t) => {
  const { authority, login, code, device, raw } = await openWithDevice(t)
  const other = await logIn(authority, 'ada', device)
  const parsed = angenCodec.parse(login.token)
  assert.ok(parsed !== null)
  const forged = { ...parsed, secret: angenCodec.createSecret() }
  const before = await raw.sessions.find(login.session.id)
  for (const token of [
    '',
    'x',
    code,
    other.token,
    `${login.token} `,
    angenCodec.format(forged, { owner: login.actor.id }),
    angenCodec.format({ ...parsed, id: other.session.id }, { owner: login.actor.id }),
    mageCodec.format(parsed, { owner: 'someone' }),
  ]) {
    const refusal = refused(await authority.renew(code, { token }), 'token_invalid')
    assert.deepEqual(refusal, await authority.renew('x'))
  }
  assert.deepEqual(await raw.sessions.find(login.session.id), before)
  await check(authority, login.token)
  granted(await authority.renew(code, { token: nativeCodec.format(parsed, { owner: '' }) }))
})

test('a retry within the grace period requires the superseded token', async (t) => {
  const { authority, addNode, clock, codecs, login, code } = await openWithDevice(t)
  const there = await addNode({ codecs, passwords: { memoryKiB: 8, passes: 1 }, pruneEveryMs: 0 })
  const first = granted(await authority.renew(code, { token: login.token }))
  clock.advance(GRACE - 1)
  for (const node of [authority, there.authority]) {
    const again = granted(await node.renew(code, { token: login.token }))
    assert.deepEqual([again.token, again.renewal], [first.token, first.renewal])
    refused(await node.renew(code, { token: first.token }), 'token_invalid')
    refused(await node.authenticate(login.token), 'token_invalid')
    await check(node, first.token)
  }
})

test('the superseded token is refused before, at and after every boundary', async (t) => {
  const { authority, raw, clock, login, code } = await openWithDevice(t)
  granted(await authority.renew(code, { token: login.token }))
  const record = await raw.sessions.find(login.session.id)
  assert.deepEqual([record?.previousTokenHash === null, record?.previousTokenUntil], [false, 0])
  for (const now of [0, clock.now() - 1, clock.now(), clock.now() + DAY]) {
    assert.equal((await authority.authenticate(login.token, { now })).ok, false)
  }
})

test('twenty simultaneous renewals with both codes, on two nodes, get the same successor', async (t) => {
  const { authority, addNode, codecs, login, code, raw } = await openWithDevice(t)
  const there = await addNode({ codecs, passwords: { memoryKiB: 8, passes: 1 }, pruneEveryMs: 0 })
  const renewals = await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      (at % 2 ? authority : there.authority).renew(code, { token: login.token }),
    ),
  )
  const pairs = renewals.map((each) => `${granted(each).token} ${granted(each).renewal}`)
  assert.equal(new Set(pairs).size, 1)
  assert.equal((await raw.sessions.find(login.session.id))?.generation, 1)
})

test('a code of an older generation ends the session with any token', async (t) => {
  for (const which of ['old', 'current', 'none'] as const) {
    const { authority, login, code } = await openWithDevice(t)
    const second = granted(await authority.renew(code, { token: login.token }))
    const third = granted(await authority.renew(renewalOf(second), { token: second.token }))
    const token = { old: login.token, current: third.token, none: '' }[which]
    const refusal = refused(await authority.renew(code, { token }), 'session_revoked')
    assert.equal(refusal.reason, 'reuse_detected')
    refused(await authority.authenticate(third.token), 'session_revoked')
  }
})

test('after its end a session cannot be renewed with both codes either', async (t) => {
  const { authority, clock, login, code } = await openWithDevice(t)
  clock.set(login.session.expiresAt)
  refused(await authority.renew(code, { token: login.token }), 'session_expired')
})

test('after a step-up the renewal requires the new token', async (t) => {
  const { authority, login, code } = await openWithDevice(t)
  const current = await check(authority, login.token)
  const proof = { password: PASSWORD, format: 'angen' } as const
  const proven = granted(await authority.stepUp(current, proof))
  refused(await authority.renew(code, { token: login.token }), 'token_invalid')
  granted(await authority.renew(code, { token: proven.token }))
})
