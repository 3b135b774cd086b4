import assert from 'node:assert/strict'
import { webBrowser } from './web-browser.ts'
import type { WebCase } from './web-case.ts'

const MINUTE = 60_000
const COOKIE = '__Host-latchkey'

/** The session of a request: its cookie, its data, its end. */
export const webSessionCases: readonly WebCase[] = [
  {
    name: 'a visitor gets no session until something is stored, and then one cookie',
    async run(open) {
      const browser = webBrowser(await open())
      assert.deepEqual(await browser.ask('GET', '/me'), {
        user: null,
        state: 'anonymous',
        original: null,
        id: null,
        data: {},
      })
      assert.equal(browser.jar.size, 0)
      await browser.ask('POST', '/data', { cart: [1, 2] })
      assert.equal(
        browser.attributes.get(COOKIE),
        'Max-Age=86400; Path=/; HttpOnly; Secure; SameSite=Lax',
      )
      assert.deepEqual((await browser.ask('GET', '/me')).data, { cart: [1, 2] })
      const response = await browser.send('GET', '/me')
      assert.deepEqual(response.headers.getSetCookie(), [], 'nothing changed')
    },
  },
  {
    name: 'with saveUninitialized each visitor gets a session',
    async run(open) {
      const subject = await open({ saveUninitialized: true })
      const browser = webBrowser(subject)
      await browser.ask('GET', '/me')
      assert.notEqual((await browser.ask('GET', '/me')).id, null)
      assert.equal(await subject.authority.sessions.count(), 1)
    },
  },
  {
    name: 'nothing is created for requests that store nothing, not even with a cookie that a client made up',
    async run(open) {
      const subject = await open()
      const malformed = [
        'x',
        '"quoted"',
        'a b',
        '\u00a0',
        '%E0%A4%A',
        'x'.repeat(9000),
        'lks_',
        `lks_${'0'.repeat(75)}`,
      ]
      for (const value of malformed) {
        const browser = webBrowser(
          subject,
          new Map([[COOKIE, Buffer.from(value).toString('latin1')]]),
        )
        const response = await browser.send('GET', '/me')
        assert.equal(response.status, 200, value)
        assert.deepEqual(response.headers.getSetCookie(), [], value)
      }
      assert.equal(await subject.authority.sessions.count(), 0)
    },
  },
  {
    name: 'a session id that a client chose is never adopted',
    async run(open) {
      const subject = await open()
      const chosen = `lks_${'1'.repeat(75)}`
      const browser = webBrowser(subject, new Map([[COOKIE, chosen]]))
      await browser.ask('POST', '/data', { cart: 1 })
      assert.notEqual(browser.token(), chosen)
      const other = webBrowser(subject, new Map([[COOKIE, chosen]]))
      assert.deepEqual((await other.ask('GET', '/me')).data, {})
    },
  },
  {
    name: 'the first of two cookies of one name counts, and other cookies are ignored',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      await browser.ask('POST', '/data', { cart: 1 })
      const cookie = `connect.sid=s%3Ax; ${COOKIE}=${browser.token()}; ${COOKIE}=second; =; ;`
      const response = await subject.send('GET', '/me', { headers: { cookie } })
      assert.deepEqual(Reflect.get(Object(await response.json()), 'data'), { cart: 1 })
    },
  },
  {
    name: 'values are changed and deleted, and survive a second application on the same store',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      await browser.ask('POST', '/data', { a: 1, b: { c: [true] } })
      await browser.ask('POST', '/data', { a: null, d: 'x' })
      const other = webBrowser(await open({ sharedWith: subject }), browser.jar)
      assert.deepEqual((await other.ask('GET', '/me')).data, { b: { c: [true] }, d: 'x' })
    },
  },
  {
    name: 'data that is too large is refused, and the error names the key',
    async run(open) {
      const browser = webBrowser(await open())
      await browser.ask('POST', '/data', { small: 1 })
      assert.equal(
        await browser.refused(413, 'POST', '/data', { big: 'x'.repeat(70_000) }),
        'too_large',
      )
      assert.deepEqual((await browser.ask('GET', '/me')).data, { small: 1 })
    },
  },
  {
    name: 'two requests that change different keys at the same time keep both changes',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      await browser.ask('POST', '/data', { a: 1 })
      const slow = browser.ask('POST', '/slow', { b: 2 })
      await subject.slowReached()
      await browser.ask('POST', '/data', { c: 3, a: null })
      subject.release()
      await slow
      assert.deepEqual((await browser.ask('GET', '/me')).data, { b: 2, c: 3 })
    },
  },
  {
    name: 'with onConflict throw the later of two changes is refused',
    async run(open) {
      const subject = await open({ onConflict: 'throw' })
      const browser = webBrowser(subject)
      await browser.ask('POST', '/data', { a: 1 })
      const slow = browser.refused(409, 'POST', '/slow', { b: 2 })
      await subject.slowReached()
      await browser.ask('POST', '/data', { c: 3 })
      subject.release()
      assert.equal(await slow, 'conflict')
      assert.deepEqual((await browser.ask('GET', '/me')).data, { a: 1, c: 3 })
    },
  },
  {
    name: 'regenerate gives a session without data, and the old id is dead',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      await browser.ask('POST', '/data', { a: 1 })
      const old = browser.clone()
      assert.deepEqual((await browser.ask('POST', '/regenerate')).data, {})
      assert.deepEqual((await old.ask('GET', '/me')).data, {})
      await browser.ask('POST', '/data', { b: 1 })
      assert.notEqual(browser.token(), old.token())
    },
  },
  {
    name: 'rotate keeps the data and the login under a new id, and the old one is dead',
    async run(open) {
      const browser = webBrowser(await open())
      await browser.logIn('ada')
      await browser.ask('POST', '/data', { a: 1 })
      const old = browser.clone()
      const before = await browser.ask('GET', '/me')
      await browser.ask('POST', '/rotate')
      const after = await browser.ask('GET', '/me')
      assert.deepEqual([after.user, after.state, after.data], ['ada', 'fresh', { a: 1 }])
      assert.notEqual(after.id, before.id)
      assert.equal((await old.ask('GET', '/me')).user, null)
    },
  },
  {
    name: 'of two requests that replace a session at the same time one succeeds, and the browser has a usable session',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      await browser.logIn('ada')
      const responses = await Promise.all([
        browser.send('POST', '/rotate'),
        browser.send('POST', '/rotate'),
      ])
      const statuses = responses.map(({ status }) => status).sort()
      // The second may also start after the first is done, with a cookie that is no longer valid.
      assert.ok(statuses[0] === 200 && [200, 409].includes(statuses[1] ?? 0), String(statuses))
      assert.equal((await browser.ask('GET', '/me')).user, 'ada')
      assert.equal(await subject.authority.sessions.count({ owner: '1' }), 1)
    },
  },
  {
    name: 'destroy ends the session and removes its cookie',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      await browser.ask('POST', '/data', { a: 1 })
      const old = browser.clone()
      await browser.ask('POST', '/destroy')
      assert.equal(browser.jar.size, 0)
      assert.deepEqual((await old.ask('GET', '/me')).data, {})
      assert.equal(await subject.authority.sessions.count(), 0)
    },
  },
  {
    name: 'a rolling session: the cookie, the record and the lifetime agree over fifty uses',
    async run(open) {
      const lifetime = 20 * MINUTE
      const subject = await open({ lifetime, rolling: true })
      const browser = webBrowser(subject)
      await browser.ask('POST', '/data', { a: 1 })
      for (let use = 0; use < 50; use++) {
        subject.clock.advance(lifetime / 20)
        const { id } = await browser.ask('GET', '/me')
        const seconds = Number(/Max-Age=(\d+)/.exec(browser.attributes.get(COOKIE) ?? '')?.[1])
        const check = await subject.authority.authenticate(browser.token())
        assert.ok(check.ok && check.session.id === id)
        const left = (check.session.expiresAt - subject.clock.now()) / 1000
        assert.deepEqual([seconds, left], [lifetime / 1000, lifetime / 1000], `use ${use}`)
      }
      subject.clock.advance(lifetime)
      assert.deepEqual((await browser.ask('GET', '/me')).data, {})
    },
  },
  {
    name: 'a fixed session ends at its lifetime however it is used, also on the server',
    async run(open) {
      const subject = await open({ lifetime: 10 * MINUTE })
      const browser = webBrowser(subject)
      await browser.ask('POST', '/data', { a: 1 })
      assert.match(browser.attributes.get(COOKIE) ?? '', /Max-Age=600;/)
      for (let use = 1; use < 10; use++) {
        subject.clock.advance(MINUTE)
        await browser.ask('POST', '/data', { use })
      }
      subject.clock.advance(MINUTE)
      assert.deepEqual((await browser.ask('GET', '/me')).data, {})
    },
  },
  {
    name: 'a request of another origin with the cookie changes nothing',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      await browser.logIn('ada')
      for (const headers of [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { 'sec-fetch-site': '', origin: 'https://evil.example' },
        { 'sec-fetch-site': '', origin: 'null' },
      ]) {
        const response = await browser.send('POST', '/data', { headers, body: { a: 1 } })
        assert.equal(response.status, 403, JSON.stringify(headers))
      }
      assert.deepEqual((await browser.ask('GET', '/me')).data, {})
    },
  },
  {
    name: 'the token of a form is bound to the session, and needs no session for a visitor',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      const read = async (from: typeof browser) =>
        String(Reflect.get(Object(await (await from.send('GET', '/form')).json()), 'token'))
      const visitor = await read(browser)
      assert.equal(await subject.authority.sessions.count(), 0)
      await browser.ask('POST', '/form', { token: visitor })
      const other = webBrowser(subject)
      await other.logIn('bob')
      assert.equal(await other.refused(403, 'POST', '/form', { token: visitor }), 'origin_refused')
      assert.equal(await other.refused(403, 'POST', '/form', {}), 'origin_refused')
      const token = await read(other)
      await other.ask('POST', '/form', { token })
      assert.equal(await browser.refused(403, 'POST', '/form', { token }), 'origin_refused')
    },
  },
]
