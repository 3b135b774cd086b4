import assert from 'node:assert/strict'
import { webBrowser } from './web-browser.ts'
import type { WebCase } from './web-case.ts'

const MINUTE = 60_000

/** Logins, logouts, guards, and what the original leaves open. */
export const webLoginCases: readonly WebCase[] = [
  {
    name: 'a right password logs in, a wrong one and an unknown user change nothing',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      await browser.refused(401, 'POST', '/login', { name: 'ada', password: 'wrong' })
      await browser.refused(401, 'POST', '/login', { name: 'nobody', password: 'wrong' })
      assert.equal(browser.jar.size, 0)
      assert.equal(await subject.authority.sessions.count(), 0)
      const me = await browser.logIn('ada')
      assert.deepEqual([me.user, me.state], ['ada', 'fresh'])
      assert.equal((await browser.ask('GET', '/me')).user, 'ada')
    },
  },
  {
    name: 'fixation: the id changes at login, the data moves, and a cookie from before the login is worth nothing',
    async run(open) {
      const browser = webBrowser(await open())
      const { id } = await browser.ask('POST', '/data', { cart: 1 })
      const before = browser.clone()
      assert.deepEqual((await browser.logIn('ada')).data, { cart: 1 })
      const me = await browser.ask('GET', '/me')
      assert.deepEqual([me.user, me.data], ['ada', { cart: 1 }])
      assert.notEqual(me.id, id)
      const planted = await before.ask('GET', '/me')
      assert.deepEqual([planted.user, planted.data], [null, {}])
    },
  },
  {
    name: 'replay: a cookie of a session that logged out is worth nothing, and the data is gone',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      await browser.logIn('ada')
      await browser.ask('POST', '/data', { secret: 1 })
      const copy = browser.clone()
      const me = await browser.ask('POST', '/logout')
      assert.deepEqual([me.user, me.data], [null, {}])
      assert.equal(browser.jar.size, 0)
      const replayed = await copy.ask('GET', '/me')
      assert.deepEqual([replayed.user, replayed.data], [null, {}])
      assert.equal(await subject.authority.sessions.count(), 0)
    },
  },
  {
    name: 'a login as the same user rotates the id and keeps the data',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      await browser.logIn('ada')
      await browser.ask('POST', '/data', { draft: 1 })
      const old = browser.clone()
      assert.deepEqual((await browser.logIn('ada')).data, { draft: 1 })
      assert.equal((await old.ask('GET', '/me')).user, null)
      assert.equal(await subject.authority.sessions.count({ owner: '1' }), 1)
    },
  },
  {
    name: 'a login as another user drops the data and ends the old session',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      await browser.logIn('ada')
      await browser.ask('POST', '/data', { draft: 1 })
      const old = browser.clone()
      const me = await browser.logIn('bob')
      assert.deepEqual([me.user, me.data], ['bob', {}])
      assert.equal((await old.ask('GET', '/me')).user, null)
      assert.equal(await subject.authority.sessions.count({ owner: '1' }), 0)
    },
  },
  {
    name: 'a password that the application changes by itself ends the other sessions at their next request',
    async run(open) {
      const subject = await open()
      const one = webBrowser(subject)
      const other = webBrowser(subject)
      await one.logIn('ada')
      await other.logIn('ada')
      subject.setPassword('ada', 'another-secret')
      assert.equal((await other.ask('GET', '/me')).user, null)
      const me = await one.ask('POST', '/login', { name: 'ada', password: 'another-secret' })
      assert.equal(me.user, 'ada')
      assert.equal((await one.ask('GET', '/me')).user, 'ada')
      assert.equal((await other.ask('GET', '/me')).user, null)
    },
  },
  {
    name: 'the secret key is replaced by a list of keys without a logout',
    async run(open) {
      const subject = await open({ secretKey: 'first' })
      const browser = webBrowser(subject)
      await browser.logIn('ada')
      const rotated = await open({ secretKey: ['second', 'first'], sharedWith: subject })
      assert.equal((await webBrowser(rotated, browser.jar).ask('GET', '/me')).user, 'ada')
      const later = await open({ secretKey: 'second', sharedWith: subject })
      assert.equal((await webBrowser(later, browser.jar).ask('GET', '/me')).user, 'ada')
      const unknown = await open({ secretKey: 'third', sharedWith: subject })
      assert.equal((await webBrowser(unknown, browser.jar).ask('GET', '/me')).user, null)
    },
  },
  {
    name: 'a session whose user is gone has no login',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      await browser.logIn('bob')
      subject.removeUser('bob')
      assert.equal((await browser.ask('GET', '/me')).user, null)
      await browser.refused(401, 'GET', '/private')
    },
  },
  {
    name: 'an asynchronous verifier is awaited, and only true is a right password',
    async run(open) {
      const subject = await open({ verifier: 'async' })
      const browser = webBrowser(subject)
      await browser.refused(401, 'POST', '/login', { name: 'ada', password: 'wrong' })
      assert.equal((await browser.logIn('ada')).user, 'ada')
      const truthy = webBrowser(await open({ verifier: 'truthy' }))
      await truthy.refused(401, 'POST', '/login', { name: 'ada', password: 'ada-secret' })
    },
  },
  {
    name: 'a guard before the password also sees unknown users; its error is the answer, and nothing is written',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      for (const name of ['ada', 'nobody']) {
        await browser.refused(418, 'POST', '/login', { name, password: 'x', guard: 'before' })
      }
      assert.deepEqual(subject.guarded, ['ada', null])
      assert.equal(await subject.authority.sessions.count(), 0)
      assert.equal(browser.jar.size, 0)
    },
  },
  {
    name: 'a guard after the password runs only for the right one, and its error is the answer',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      const login = (password: string) => ({ name: 'ada', password, guard: 'after' })
      await browser.refused(401, 'POST', '/login', login('wrong'))
      assert.deepEqual(subject.guarded, [])
      await browser.refused(418, 'POST', '/login', login('ada-secret'))
      assert.deepEqual(subject.guarded, ['ada'])
      assert.equal(await subject.authority.sessions.count(), 0)
    },
  },
  {
    name: 'guessing is slowed down for known and unknown users alike',
    async run(open) {
      for (const name of ['ada', 'nobody']) {
        const browser = webBrowser(await open())
        for (let attempt = 0; attempt < 5; attempt++) {
          await browser.refused(401, 'POST', '/login', { name, password: 'wrong' })
        }
        const code = await browser.refused(429, 'POST', '/login', { name, password: 'ada-secret' })
        assert.equal(code, 'throttled')
      }
    },
  },
  {
    name: 'a login that another site sends is refused',
    async run(open) {
      const browser = webBrowser(await open())
      const response = await browser.send('POST', '/login', {
        headers: { 'sec-fetch-site': 'cross-site' },
        body: { name: 'ada', password: 'ada-secret' },
      })
      assert.equal(response.status, 403)
      assert.equal(browser.jar.size, 0)
    },
  },
  {
    name: 'a request in flight at logout revives nothing, and its late answer sets no cookie',
    async run(open) {
      const subject = await open({ rolling: true })
      const browser = webBrowser(subject)
      await browser.logIn('ada')
      const copy = browser.clone()
      const slow = copy.send('POST', '/slow', { body: { late: 1 } })
      await subject.slowReached()
      await browser.ask('POST', '/logout')
      subject.release()
      const response = await slow
      assert.deepEqual(response.headers.getSetCookie(), [])
      assert.equal(await subject.authority.sessions.count(), 0)
      assert.equal((await copy.ask('GET', '/me')).user, null)
    },
  },
  {
    name: 'sessions of a user are listed, and one that is ended elsewhere is out at once',
    async run(open) {
      const subject = await open()
      const one = webBrowser(subject)
      const other = webBrowser(subject)
      const { id } = await one.logIn('ada')
      await other.logIn('ada')
      const { items } = await subject.authority.sessions.list({ owner: '1' })
      assert.equal(items.length, 2)
      await subject.authority.sessions.end({ id: id ?? '' })
      assert.equal((await one.ask('GET', '/me')).user, null)
      assert.equal((await other.ask('GET', '/me')).user, 'ada')
    },
  },
  {
    name: 'requireLogin, requireScope and requireFresh answer 401 and 403',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      for (const path of ['/private', '/reports', '/fresh']) {
        assert.equal(await browser.refused(401, 'GET', path), 'token_missing', path)
      }
      await browser.logIn('bob')
      await browser.ask('GET', '/private')
      assert.equal(await browser.refused(403, 'GET', '/reports'), 'access_denied')
      await browser.ask('GET', '/fresh')
      subject.clock.advance(10 * MINUTE)
      assert.equal(await browser.refused(401, 'GET', '/fresh'), 'step_up_required')
      await browser.logIn('ada')
      await browser.ask('GET', '/reports')
      await browser.ask('GET', '/fresh')
    },
  },
]

/** What happens to a request without a user, and for which paths. */
export const webFailureCases: readonly WebCase[] = [
  {
    name: 'onFailure throw answers 401, redirect answers 307, and continue goes on',
    async run(open) {
      const throwing = webBrowser(await open({ onFailure: 'throw', exclude: ['/login'] }))
      assert.equal(await throwing.refused(401, 'GET', '/me'), 'token_missing')
      await throwing.logIn('ada')
      assert.equal((await throwing.ask('GET', '/me')).user, 'ada')
      const redirecting = webBrowser(await open({ onFailure: { redirect: '/login?x=1' } }))
      const response = await redirecting.send('GET', '/me')
      assert.deepEqual([response.status, response.headers.get('location')], [307, '/login?x=1'])
      assert.equal((await webBrowser(await open()).ask('GET', '/me')).user, null)
    },
  },
  {
    name: 'exclude matches the whole path: neither a query nor another spelling of a path opens a path',
    async run(open) {
      const browser = webBrowser(
        await open({ onFailure: 'throw', exclude: ['/public/*', '/login'] }),
      )
      assert.equal((await browser.ask('GET', '/public/me')).user, null)
      assert.equal((await browser.ask('GET', '/public/me?x=%ff')).user, null)
      for (const path of [
        '/admin/me',
        '/admin/me?x=login',
        '/admin/me?/public/',
        '/admin/me#/public/me',
        '/public/..%2fadmin/me',
        '/publicity',
        '/admin/me?x=/login',
      ]) {
        await browser.refused(401, 'GET', path)
      }
    },
  },
  {
    name: 'with include only these paths need a login, and exclude counts among them too',
    async run(open) {
      const browser = webBrowser(
        await open({
          onFailure: 'throw',
          include: ['/admin/*', '/public/*'],
          exclude: ['/public/me'],
        }),
      )
      assert.equal((await browser.ask('GET', '/me')).user, null)
      assert.equal((await browser.ask('GET', '/public/me')).user, null)
      await browser.refused(401, 'GET', '/admin/me')
      await browser.refused(401, 'GET', '/admin/me?x=1')
      await browser.logIn('ada')
      assert.equal((await browser.ask('GET', '/admin/me')).user, 'ada')
      assert.equal(
        (await browser.ask('GET', '/public/me')).user,
        null,
        'an excluded path is anonymous',
      )
    },
  },
]
