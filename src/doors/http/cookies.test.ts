import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Fixture,
  openFixture,
  PASSWORD,
  pairOf,
  parsed,
  refused,
  SAME_ORIGIN,
} from '../../../test/support/http-door.ts'
import { loggedInShape, whoAmIShape } from '../../commands/built-in/shapes.ts'
import { createSessionCookies } from './credentials.ts'

const TOKEN = /^lks_[0-9A-Za-z]{75}$/
const OWN = '__Host-latchkey'
const ACTING = '__Host-latchkey-as'

function cookieParts(setCookie: string | undefined) {
  const [pair = '', ...attributes] = (setCookie ?? '').split('; ')
  const at = pair.indexOf('=')
  return { name: pair.slice(0, at), value: pair.slice(at + 1), attributes: attributes.sort() }
}

async function loginByCookie(fixture: Fixture, cookie?: string) {
  return fixture.ask('POST /v1/sessions', {
    body: { identity: 'ada', password: PASSWORD, cookie: true },
    headers: SAME_ORIGIN,
    ...(cookie === undefined ? {} : { cookie }),
  })
}

/** An administrator with a cookie, and the cookie in which it acts as Ada. */
async function actingAsAda(fixture: Fixture) {
  const ada = await fixture.person('ada')
  await fixture.person('root', ['admin'])
  const own = await fixture.cookieOf('root')
  const reply = await fixture.ask('POST /v1/impersonations', {
    body: { actor: ada.id },
    cookie: own,
    headers: SAME_ORIGIN,
  })
  return { ada, own, reply, acting: pairOf(reply.cookies[0]) }
}

test('a cookie is __Host-, Secure, HttpOnly, SameSite=Lax, Path=/ and has no Domain', async () => {
  await using fixture = await openFixture()
  await fixture.person('ada')
  const reply = await loginByCookie(fixture)
  const [first, second] = reply.cookies.map(cookieParts)
  assert.equal(reply.cookies.length, 2)
  assert.equal(first?.name, OWN)
  assert.match(first?.value ?? '', TOKEN)
  const attributes = ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure']
  assert.deepEqual(first?.attributes, ['Max-Age=86400', ...attributes].sort())
  // A new login removes the impersonation's cookie.
  assert.deepEqual(second, {
    name: ACTING,
    value: '',
    attributes: ['Max-Age=0', ...attributes].sort(),
  })
  assert.ok((reply.cookies[0] ?? '').length < 4096)
})

test('an answer with a cookie has no secret and no renewal code in the body', async () => {
  await using fixture = await openFixture()
  await fixture.person('ada')
  const reply = await loginByCookie(fixture)
  assert.deepEqual(Object.keys(parsed(reply, 201, loggedInShape)).sort(), ['actor', 'session'])
  assert.doesNotMatch(reply.text, /lk[sr]_/)
  const { value } = cookieParts(reply.cookies[0])
  assert.ok(!reply.text.includes(value.slice(29)))
})

test('an anonymous session may have a cookie', async () => {
  await using fixture = await openFixture()
  const reply = await fixture.ask('POST /v1/sessions/anonymous', {
    body: { cookie: true },
    headers: SAME_ORIGIN,
  })
  assert.deepEqual(Object.keys(reply.body).sort(), ['actor', 'session'])
  const who = await fixture.ask('GET /v1/session', { cookie: pairOf(reply.cookies[0]) })
  assert.equal(parsed(who, 200, whoAmIShape).actor.anonymous, true)
})

test('without "cookie": true the token is in the body', async () => {
  await using fixture = await openFixture()
  await fixture.person('ada')
  const body = { identity: 'ada', password: PASSWORD, cookie: false }
  const reply = await fixture.ask('POST /v1/sessions', { body })
  assert.match(parsed(reply, 201, loggedInShape).token ?? '', TOKEN)
  assert.deepEqual(reply.cookies, [])
  for (const cookie of ['true', 1, null, {}]) {
    const odd = await fixture.ask('POST /v1/sessions', {
      body: { ...body, cookie },
      headers: SAME_ORIGIN,
    })
    refused(odd, 400, 'invalid_request')
  }
})

test('plain cookies are used only in development over plain HTTP', async () => {
  for (const [door, name, secure] of [
    [{ development: true }, 'latchkey', false],
    [{ development: true, publicUrl: 'https://localhost' }, OWN, true],
    [{ development: true, publicUrl: 'http://localhost' }, 'latchkey', false],
    [{}, OWN, true],
  ] as const) {
    await using fixture = await openFixture({ door })
    await fixture.person('ada')
    const reply = await fixture.ask('POST /v1/sessions', {
      body: { identity: 'ada', password: PASSWORD, cookie: true },
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    const cookie = cookieParts(reply.cookies[0])
    assert.equal(cookie.name, name)
    assert.equal(cookie.attributes.includes('Secure'), secure)
    assert.ok(cookie.attributes.includes('HttpOnly'))
  }
})

test('a cookie with the name of the other mode is ignored', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  refused(
    await fixture.ask('GET /v1/session', { cookie: `latchkey=${token}` }),
    401,
    'token_missing',
  )
  assert.equal((await fixture.ask('GET /v1/session', { cookie: `${OWN}=${token}` })).status, 200)
})

test('the cookie expires no later than the session', async () => {
  await using fixture = await openFixture({ settings: { 'profile.web.absoluteMs': 90_500 } })
  await fixture.person('ada')
  const reply = await loginByCookie(fixture)
  assert.ok(cookieParts(reply.cookies[0]).attributes.includes('Max-Age=90'))
  const jar = createSessionCookies({ plain: false })
  assert.match(jar.write('x', 5, 10), /Max-Age=0/)
})

test('a bearer token precedes a cookie', async () => {
  await using fixture = await openFixture()
  await fixture.person('ada')
  const bob = await fixture.person('bob')
  const cookie = await fixture.cookieOf('ada')
  const both = await fixture.ask('GET /v1/session', { cookie, token: bob.token })
  assert.equal(parsed(both, 200, whoAmIShape).actor.id, bob.id)
  // Even a bad one: the cookie is no way round it, and stays.
  const bad = await fixture.ask('GET /v1/session', { cookie, token: 'nonsense' })
  refused(bad, 401, 'token_invalid')
  assert.deepEqual(bad.cookies, [])
  const out = await fixture.ask('DELETE /v1/session', { cookie, token: bob.token })
  assert.deepEqual([out.status, out.cookies], [204, []])
  assert.equal(out.headers.get('clear-site-data'), null)
  assert.equal((await fixture.ask('GET /v1/session', { cookie })).status, 200)
})

test('step-up with a cookie rotates the cookie and returns no secret in the body', async () => {
  await using fixture = await openFixture()
  await fixture.person('ada')
  const before = await fixture.cookieOf('ada')
  const reply = await fixture.ask('POST /v1/session/step-up', {
    body: { password: PASSWORD },
    cookie: before,
    headers: SAME_ORIGIN,
  })
  assert.deepEqual(Object.keys(parsed(reply, 200, loggedInShape)).sort(), ['actor', 'session'])
  assert.equal(reply.cookies.length, 1)
  const after = pairOf(reply.cookies[0])
  assert.notEqual(after, before)
  assert.deepEqual(
    cookieParts(reply.cookies[0]).attributes,
    ['HttpOnly', 'Max-Age=86400', 'Path=/', 'SameSite=Lax', 'Secure'].sort(),
  )
  refused(await fixture.ask('GET /v1/session', { cookie: before }), 401, 'token_invalid')
  assert.equal((await fixture.ask('GET /v1/session', { cookie: after })).status, 200)
})

test('step-up with a bearer token returns the new token in the body and sets no cookie', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  const reply = await fixture.ask('POST /v1/session/step-up', {
    body: { password: PASSWORD },
    token,
  })
  assert.match(parsed(reply, 200, loggedInShape).token ?? '', TOKEN)
  assert.deepEqual(reply.cookies, [])
  refused(await fixture.ask('GET /v1/session', { token }), 401, 'token_invalid')
})

test('an impersonation has its own cookie, which precedes the session’s', async () => {
  await using fixture = await openFixture()
  const { ada, own, reply, acting } = await actingAsAda(fixture)
  assert.deepEqual(Object.keys(parsed(reply, 201, loggedInShape)).sort(), ['actor', 'session'])
  assert.equal(reply.cookies.length, 1)
  assert.equal(cookieParts(reply.cookies[0]).name, ACTING)
  const who = await fixture.ask('GET /v1/session', { cookie: `${own}; ${acting}` })
  const { actor, impersonator } = parsed(who, 200, whoAmIShape)
  assert.deepEqual([actor.id, impersonator?.name], [ada.id, 'root'])
})

test('stopping an impersonation clears its cookie and keeps the session’s', async () => {
  await using fixture = await openFixture()
  const { own, acting } = await actingAsAda(fixture)
  const reply = await fixture.ask('DELETE /v1/impersonations/current', {
    cookie: `${own}; ${acting}`,
    headers: SAME_ORIGIN,
  })
  assert.equal(reply.status, 204)
  assert.deepEqual(reply.cookies.map(pairOf), [`${ACTING}=`])
  const who = await fixture.ask('GET /v1/session', { cookie: own })
  assert.equal(parsed(who, 200, whoAmIShape).actor.name, 'root')
  refused(
    await fixture.ask('GET /v1/session', { cookie: acting }),
    401,
    'session_revoked',
    'logged_out',
  )
})

test('a late refusal clears no cookie: a newer one of that name stays', async () => {
  await using fixture = await openFixture()
  const { own, acting } = await actingAsAda(fixture)
  const stepped = await fixture.ask('POST /v1/session/step-up', {
    cookie: own,
    headers: SAME_ORIGIN,
    body: { password: PASSWORD },
  })
  assert.equal(stepped.status, 200)
  for (const cookie of [own, `${OWN}=garbage`, `${own}; ${acting}`]) {
    fixture.clock.advance(16 * 60_000)
    for (const what of ['GET /v1/session', 'GET /v1/sessions', 'DELETE /v1/session']) {
      const reply = await fixture.ask(what, { cookie, headers: SAME_ORIGIN })
      assert.equal(reply.status, 401, what)
      assert.deepEqual(reply.cookies, [], what)
    }
  }
})

test('the session that started an impersonation removes the cookie of one that has ended', async () => {
  await using fixture = await openFixture()
  const { own, acting } = await actingAsAda(fixture)
  fixture.clock.advance(15 * 60_000)
  const both = `${own}; ${acting}`
  refused(await fixture.ask('GET /v1/session', { cookie: both }), 401, 'session_expired')
  const stop = (cookie: string) =>
    fixture.ask('DELETE /v1/impersonations/current', { cookie, headers: SAME_ORIGIN })
  const alone = await stop(acting)
  refused(alone, 401, 'session_expired')
  assert.deepEqual(alone.cookies, [])
  const stopped = await stop(both)
  assert.equal(stopped.status, 204)
  assert.deepEqual(stopped.cookies.map(pairOf), [`${ACTING}=`])
})

test('a refusal for another reason keeps the cookie', async () => {
  await using fixture = await openFixture()
  await fixture.person('ada')
  const cookie = await fixture.cookieOf('ada')
  const reply = await fixture.ask('GET /v1/admin/actors', { cookie })
  refused(reply, 403, 'access_denied')
  assert.deepEqual(reply.cookies, [])
})

test('logout with a cookie clears the cookies, and the site’s data only where asked for', async () => {
  await using fixture = await openFixture()
  await fixture.person('ada')
  const cookie = await fixture.cookieOf('ada')
  const reply = await fixture.ask('DELETE /v1/session', { cookie, headers: SAME_ORIGIN })
  assert.equal(reply.status, 204)
  assert.equal(reply.headers.get('clear-site-data'), null)
  assert.deepEqual(reply.cookies.map(pairOf).sort(), [`${ACTING}=`, `${OWN}=`].sort())
  for (const setCookie of reply.cookies) {
    assert.ok(['Max-Age=0', 'Secure', 'Path=/'].every((part) => setCookie.includes(part)))
  }
  refused(await fixture.ask('GET /v1/session', { cookie }), 401, 'session_revoked', 'logged_out')
})

test('with clearSiteData a logout clears the site’s data', async () => {
  await using fixture = await openFixture({ door: { clearSiteData: true } })
  await fixture.person('ada')
  const cookie = await fixture.cookieOf('ada')
  const reply = await fixture.ask('DELETE /v1/session', { cookie, headers: SAME_ORIGIN })
  assert.equal(reply.headers.get('clear-site-data'), '"cache", "cookies", "storage"')
})

test('logout of an impersonation ends only the impersonation', async () => {
  await using fixture = await openFixture()
  const { own, acting } = await actingAsAda(fixture)
  const reply = await fixture.ask('DELETE /v1/session', {
    cookie: `${own}; ${acting}`,
    headers: SAME_ORIGIN,
  })
  assert.deepEqual(reply.cookies.map(pairOf), [`${ACTING}=`])
  assert.equal(reply.headers.get('clear-site-data'), null)
  assert.equal((await fixture.ask('GET /v1/session', { cookie: own })).status, 200)
})

test('a login with the cookie of a session ends that session, and the reason is upgraded', async () => {
  await using fixture = await openFixture()
  await fixture.person('ada')
  const before = await fixture.cookieOf('ada')
  const reply = await loginByCookie(fixture, before)
  assert.equal(reply.status, 201)
  const after = pairOf(reply.cookies[0])
  assert.notEqual(after, before)
  refused(
    await fixture.ask('GET /v1/session', { cookie: before }),
    401,
    'session_revoked',
    'upgraded',
  )
  assert.equal((await fixture.ask('GET /v1/session', { cookie: after })).status, 200)
})

test('a login during an impersonation ends the impersonation and its parent session', {}, async () => {
  await using fixture = await openFixture()
  const { own, acting } = await actingAsAda(fixture)
  const reply = await loginByCookie(fixture, `${own}; ${acting}`)
  assert.equal(reply.status, 201)
  for (const cookie of [own, acting]) {
    assert.equal((await fixture.ask('GET /v1/session', { cookie })).status, 401)
  }
})

test('a failed login with the cookie of a session changes nothing', async () => {
  await using fixture = await openFixture()
  await fixture.person('ada')
  const cookie = await fixture.cookieOf('ada')
  const reply = await fixture.ask('POST /v1/sessions', {
    body: { identity: 'ada', password: 'wrong', cookie: true },
    cookie,
    headers: SAME_ORIGIN,
  })
  refused(reply, 401, 'credentials_invalid')
  assert.deepEqual(reply.cookies, [])
  assert.equal((await fixture.ask('GET /v1/session', { cookie })).status, 200)
})

test('an invalid cookie does not prevent a login', async () => {
  await using fixture = await openFixture()
  await fixture.person('ada')
  const reply = await loginByCookie(fixture, `${OWN}=garbage`)
  assert.equal(reply.status, 201)
  assert.match(cookieParts(reply.cookies[0]).value, TOKEN)
})

test('a malformed Cookie header is neither a session nor an error', async () => {
  await using fixture = await openFixture()
  for (const cookie of [
    '',
    ';;;',
    '=',
    `${OWN}`,
    `${OWN}=`,
    `${OWN}=""`,
    '__proto__=1; constructor=2',
    `a=b; ${'x=y; '.repeat(2000)}`,
  ]) {
    refused(await fixture.ask('GET /v1/session', { cookie }), 401, 'token_missing')
  }
  for (const cookie of [`${OWN}=%`, `${OWN}=%00%zz`, `${OWN}=a b`, `${OWN}=${'x'.repeat(9000)}`]) {
    refused(await fixture.ask('GET /v1/session', { cookie }), 401, 'token_invalid')
  }
})
