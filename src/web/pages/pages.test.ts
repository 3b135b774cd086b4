import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { addActor, HOUR, logIn, openFixture, PASSWORD } from '../../../test/support/authority.ts'
import { createPages, type PagesOptions } from './index.ts'

const ORIGIN = 'https://login.example'

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The path and query of a redirect. */
  readonly location: string | null
}

async function open(t: TestContext, options: Partial<PagesOptions> = {}) {
  const fixture = await openFixture(t)
  const errors: unknown[] = []
  const onError = (error: unknown) => void errors.push(error)
  const pages = createPages({ authority: fixture.authority, onError, ...options })
  const read = async (response: Response | null): Promise<Answer> => {
    assert.ok(response !== null, 'no page')
    const { status, headers } = response
    return { status, headers, text: await response.text(), location: headers.get('location') }
  }
  let cookie = ''
  const keep = (answer: Answer) => {
    const own = answer.headers.getSetCookie().find((text) => text.startsWith('__Host-latchkey='))
    if (own !== undefined) cookie = own.split(';')[0] ?? ''
    return answer
  }
  const get = async (path: string, headers: Readonly<Record<string, string>> = {}) =>
    keep(
      await read(
        await pages.handle(new Request(ORIGIN + path, { headers: { cookie, ...headers } })),
      ),
    )
  const post = async (
    path: string,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = { origin: ORIGIN },
  ) => {
    const body = new URLSearchParams(fields)
    const request = new Request(ORIGIN + path, {
      method: 'POST',
      body,
      headers: { cookie, ...headers },
    })
    return keep(await read(await pages.handle(request, { address: '192.0.2.1' })))
  }
  const enter = (name = 'ada') => post('/login', { identity: name, password: PASSWORD })
  return { ...fixture, pages, get, post, enter, errors, cookieOf: () => cookie }
}

test('a login sets the cookie of the HTTP door, and replaces the session of the browser', async (t) => {
  const { authority, enter, get } = await open(t)
  const { id } = await addActor(authority, 'ada')
  const answer = await enter()
  assert.deepEqual([answer.status, answer.location], [303, '/account'])
  const [cookie] = answer.headers.getSetCookie()
  assert.match(
    cookie ?? '',
    /^__Host-latchkey=lks_\w+; Max-Age=86400; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  )
  await enter()
  assert.equal(await authority.sessions.count({ owner: id }), 1)
  const { text } = await get('/account')
  assert.match(text, /You are logged in as ada/)
  assert.doesNotMatch(text, /lks_/)
})

test('every page has a strict policy, and none is cached', async (t) => {
  const { get } = await open(t)
  const { headers, text } = await get('/login')
  const policy = headers.get('content-security-policy') ?? ''
  assert.match(policy, /^default-src 'none'; /)
  assert.doesNotMatch(policy, /unsafe|\*/)
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.doesNotMatch(text, /<style|style=|onclick=|<script>|<script type="module">/)
  for (const [, path = ''] of text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)) {
    const asset = await get(path)
    assert.deepEqual(
      [asset.status, asset.headers.get('cache-control')?.includes('immutable')],
      [200, true],
    )
  }
})

test('a form of another origin is refused, that of the login too', async (t) => {
  const { authority, post, enter } = await open(t)
  await addActor(authority, 'ada')
  const fields = { identity: 'ada', password: PASSWORD }
  for (const headers of [{}, { origin: 'https://evil.example' }, { origin: 'null' }]) {
    const answer = await post('/login', fields, headers)
    assert.deepEqual([answer.status, answer.headers.getSetCookie()], [403, []])
  }
  await enter()
  for (const path of ['/account/logout', '/account/password', '/account/sessions/end-others']) {
    assert.equal((await post(path, {}, { origin: 'https://evil.example' })).status, 403)
  }
  assert.equal(await authority.sessions.count(), 1)
})

test('after a login the browser goes only to a path of this site', async (t) => {
  const { authority, post, get } = await open(t)
  await addActor(authority, 'ada')
  const to = async (next: string) =>
    (await post('/login', { identity: 'ada', password: PASSWORD, next })).location
  assert.equal(await to('/account/device?user_code=X'), '/account/device?user_code=X')
  for (const evil of [
    '//evil.example',
    '\\evil.example',
    'https://evil.example',
    'javascript:alert(1)',
  ]) {
    assert.equal(await to(evil), '/account')
    assert.ok(!(await get(`/login?${new URLSearchParams({ next: evil })}`)).text.includes('evil'))
  }
})

test('a refused login says why, and keeps what was typed but for the password', async (t) => {
  const { authority, post } = await open(t)
  const { id } = await addActor(authority, 'ada')
  const wrong = await post('/login', { identity: 'ada"><b>', password: 'wrong' })
  assert.equal(wrong.status, 422)
  assert.match(wrong.text, /The name or the password is wrong\./)
  assert.match(wrong.text, /value="ada&quot;&gt;&lt;b&gt;"/)
  assert.doesNotMatch(wrong.text, /value="wrong"/)
  const empty = await post('/login', {})
  assert.match(empty.text, /href="#identity">Fill in: Name or e-mail address\./)
  await authority.actors.suspend(id)
  const suspended = await post('/login', { identity: 'ada', password: PASSWORD })
  assert.deepEqual([suspended.status, /is suspended/.test(suspended.text)], [403, true])
  let last = suspended
  for (let attempt = 0; attempt < 6; attempt++) {
    last = await post('/login', { identity: 'bob', password: 'wrong' })
  }
  assert.equal(last.status, 429)
  assert.match(last.text, /Too many attempts\. Try again in \d+ seconds\./)
})

test('an account page without a session leads to the login and back, with the reason', async (t) => {
  const { authority, get, enter, clock } = await open(t)
  const { id } = await addActor(authority, 'ada')
  const first = await get('/account/device?user_code=AB')
  assert.equal(first.location, '/login?next=%2Faccount%2Fdevice%3Fuser_code%3DAB')
  await enter()
  await authority.sessions.end({ owner: id })
  const ended = await get('/account')
  assert.equal(ended.location, '/login?next=%2Faccount&ended=revoked')
  // Another tab may have logged in again since.
  assert.deepEqual(ended.headers.getSetCookie(), [])
  assert.match((await get(ended.location ?? '')).text, /Your session was ended/)
  await enter()
  clock.advance(HOUR)
  const expired = await get('/account')
  assert.match((await get(expired.location ?? '')).text, /Your session has expired/)
  assert.equal((await get('/account/events')).status, 204)
})

test('an anonymous visitor and an impersonated session have no account page of their own', async (t) => {
  const { authority, pages, enter, get, cookieOf } = await open(t)
  await addActor(authority, 'ada')
  const visitor = await authority.sessions.loginAnonymous({})
  assert.ok(visitor.ok)
  const ask = (cookie: string) =>
    pages.handle(new Request(`${ORIGIN}/account`, { headers: { cookie } }))
  const answer = await ask(`__Host-latchkey=${visitor.token}`)
  assert.equal(answer?.headers.get('location'), '/login?next=%2Faccount')
  await enter()
  assert.equal((await ask(`${cookieOf()}; __Host-latchkey-as=nonsense`))?.status, 200)
  assert.equal((await get('/account')).status, 200)
})

test('the stream of the list names ended sessions, is no use, and is for pages of this origin', async (t) => {
  const { authority, pages, enter, get, cookieOf, clock } = await open(t)
  const { id } = await addActor(authority, 'ada')
  const other = await logIn(authority, 'ada')
  await enter()
  assert.equal((await get('/account/events', { 'sec-fetch-site': 'same-site' })).status, 403)
  const headers = { cookie: cookieOf(), 'sec-fetch-site': 'same-origin' }
  clock.advance(HOUR - 1)
  await authority.authenticate(other.token)
  const stream = await pages.handle(new Request(`${ORIGIN}/account/events`, { headers }))
  const reader = (stream?.body ?? new ReadableStream<Uint8Array>()).getReader()
  const next = async () => new TextDecoder().decode((await reader.read()).value)
  assert.equal(await next(), 'event: open\ndata: {}\n\n')
  await authority.sessions.end({ id: other.session.id, owner: id })
  assert.equal(await next(), `event: sessions\ndata: {"ended":["${other.session.id}"]}\n\n`)
  clock.advance(1)
  assert.equal(await next(), 'event: ended\ndata: {"reason":"expired"}\n\n')
})

test('a user ends own sessions, and none of another user', async (t) => {
  const { authority, post, enter, get } = await open(t)
  const [ada, bob] = [await addActor(authority, 'ada'), await addActor(authority, 'bob')]
  const foreign = await logIn(authority, 'bob')
  const own = await logIn(authority, 'ada')
  await logIn(authority, 'ada')
  await enter()
  await post('/account/sessions/end', { id: foreign.session.id })
  assert.equal(await authority.sessions.count({ owner: bob.id }), 1)
  await post('/account/sessions/end', { id: own.session.id })
  assert.equal(await authority.sessions.count({ owner: ada.id }), 2)
  await post('/account/sessions/end-others', {})
  assert.equal(await authority.sessions.count({ owner: ada.id }), 1)
  assert.equal((await get('/account')).status, 200)
})

test('names of clients are shown as text', async (t) => {
  const { authority, enter, get } = await open(t)
  await addActor(authority, 'ada')
  const label = '<img src=x onerror=alert(1)>'
  await logIn(authority, 'ada', { label }, { userAgent: 'curl/8.1' })
  await logIn(authority, 'ada', {}, { userAgent: '<script>' })
  await enter()
  const { text } = await get('/account')
  assert.doesNotMatch(text, /<img|<script>/)
  assert.match(text, /&lt;img src=x onerror=alert\(1\)&gt;/)
})

test('registration logs in, says what is refused, and follows the setting', async (t) => {
  const { authority, get, post } = await open(t)
  await addActor(authority, 'ada')
  const fields = { name: 'ada', email: 'nonsense', password: PASSWORD }
  const taken = await post('/login/register', { ...fields, email: '' })
  assert.equal(taken.status, 409)
  assert.match(taken.text, /href="#name">Name: this is already taken\./)
  const weak = await post('/login/register', { name: 'bob', password: 'short' })
  assert.match(weak.text, /id="password-error"|role="alert"/)
  assert.equal(weak.status, 422)
  const made = await post('/login/register', { name: 'bob', password: PASSWORD })
  assert.equal(made.location, '/account')
  assert.match((await get('/account')).text, /logged in as bob/)
  await authority.settings.set('registration', 'closed')
  assert.doesNotMatch((await get('/login')).text, /register/)
  assert.equal((await get('/login/register')).status, 404)
  assert.equal((await post('/login/register', { name: 'eve', password: PASSWORD })).status, 404)
})

test('a logout ends the session and clears the cookies, also when the session has ended', async (t) => {
  const { authority, enter, post } = await open(t)
  const { id } = await addActor(authority, 'ada')
  await enter()
  const cleared = (answer: Answer) =>
    answer.headers.getSetCookie().map((text) => text.split(';')[0])
  const cookies = ['__Host-latchkey=', '__Host-latchkey-as=']
  const first = await post('/account/logout', {})
  assert.deepEqual([cleared(first), first.location], [cookies, '/login?ended=logged_out'])
  assert.equal(await authority.sessions.count({ owner: id }), 0)
  assert.deepEqual(cleared(await post('/account/logout', {})), cookies)
})

test('pages mounted below a prefix have links and forms below it, and leave other paths alone', async (t) => {
  const { pages, get, authority, post } = await open(t, { prefix: '/auth/' })
  await addActor(authority, 'ada')
  const { text } = await get('/auth/login')
  for (const [, path = ''] of text.matchAll(/(?:href|src|action)="([^"#?]+)/g)) {
    assert.match(path, /^\/auth\//)
  }
  const fields = { identity: 'ada', password: PASSWORD }
  assert.equal((await post('/auth/login', fields)).location, '/auth/account')
  for (const path of [
    '/',
    '/auth',
    '/auth/',
    '/login',
    '/account',
    '/auth/account/other',
    '/auth/v1/session',
  ]) {
    assert.equal(await pages.handle(new Request(ORIGIN + path)), null, path)
  }
})

test('texts can be replaced, for another language too', async (t) => {
  const { get, post, authority } = await open(t, {
    texts: { lang: 'de', site: 'Beispiel', loginTitle: 'Anmelden', throttled: 'Noch {seconds} s' },
  })
  await addActor(authority, 'ada')
  const { text } = await get('/login')
  assert.match(text, /<html lang="de">/)
  assert.match(text, /<title>Anmelden – Beispiel<\/title>/)
  let last = ''
  for (let attempt = 0; attempt < 7; attempt++) {
    last = (await post('/login', { identity: 'ada', password: 'wrong' })).text
  }
  assert.match(last, /Noch \d+ s/)
})

test('a failing store and a bad form are pages, and nothing is thrown', async (t) => {
  const { authority, get, post, tap, pages, errors } = await open(t)
  await addActor(authority, 'ada')
  const tooLarge = await post('/login', { identity: 'x'.repeat(70_000) })
  assert.equal(tooLarge.status, 413)
  const json = new Request(`${ORIGIN}/login`, {
    method: 'POST',
    body: '{}',
    headers: { origin: ORIGIN, 'content-type': 'application/json' },
  })
  assert.equal((await pages.handle(json))?.status, 415)
  assert.equal(
    (
      await pages.handle(
        new Request(`${ORIGIN}/login`, { method: 'PUT', headers: { origin: ORIGIN } }),
      )
    )?.status,
    404,
  )
  tap.intercept('directory.findByIdentity', () => Promise.reject(new Error('disk')))
  const down = await post('/login', { identity: 'ada', password: PASSWORD })
  assert.deepEqual([down.status, /not available/.test(down.text)], [503, true])
  assert.equal((await get('/login')).status, 200)
  assert.deepEqual(errors, [])
})

test('a whole server leads from its root to the pages, on its own hosts only', async (t) => {
  const { get, pages } = await open(t, { home: true, allowedHosts: ['login.example'] })
  assert.equal((await get('/')).location, '/account')
  assert.equal(
    (await get('/oauth/device?user_code=AB-CD')).location,
    '/account/device?user_code=AB-CD',
  )
  assert.equal(await pages.handle(new Request('https://other.example/login')), null)
})
