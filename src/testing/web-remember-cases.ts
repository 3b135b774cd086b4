import assert from 'node:assert/strict'
import { type WebBrowser, webBrowser } from './web-browser.ts'
import type { WebCase } from './web-case.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const SESSION = '__Host-latchkey'
const REMEMBER = '__Host-latchkey-remember'

const logIn = (browser: WebBrowser, name = 'ada') =>
  browser.ask('POST', '/login', { name, password: `${name}-secret`, remember: true })

/** Logins that the browser keeps. */
export const webRememberCases: readonly WebCase[] = [
  {
    name: 'a remembered login continues without the session cookie, with its data, and is not fresh',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      const first = await logIn(browser)
      assert.equal(first.state, 'fresh')
      assert.match(browser.attributes.get(REMEMBER) ?? '', /^Max-Age=2678400; .*HttpOnly; Secure/)
      await browser.ask('POST', '/data', { draft: 1 })
      const code = browser.jar.get(REMEMBER)
      browser.jar.delete(SESSION)
      const me = await browser.ask('GET', '/me')
      assert.deepEqual([me.user, me.state, me.data], ['ada', 'remembered', { draft: 1 }])
      assert.equal(me.id, first.id, 'lists show one session')
      assert.notEqual(browser.jar.get(REMEMBER), code)
      assert.equal((await browser.ask('GET', '/me')).state, 'remembered')
      assert.equal(await browser.refused(401, 'GET', '/fresh'), 'step_up_required')
      assert.equal((await logIn(browser)).state, 'fresh')
      await browser.ask('GET', '/fresh')
      assert.equal(await subject.authority.sessions.count({ owner: '1' }), 1)
    },
  },
  {
    name: 'the session cookie of a remembered login is worth nothing after a day, without the code',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      await logIn(browser)
      assert.match(browser.attributes.get(SESSION) ?? '', /^Max-Age=86400;/)
      const copy = browser.clone()
      copy.jar.delete(REMEMBER)
      subject.clock.advance(23 * HOUR)
      assert.equal((await copy.ask('GET', '/me')).user, 'ada')
      subject.clock.advance(HOUR)
      assert.equal((await copy.ask('GET', '/me')).user, null)
      assert.equal((await browser.ask('GET', '/me')).state, 'remembered')
      for (let week = 0; week < 8; week++) {
        subject.clock.advance(7 * 24 * HOUR)
        assert.equal((await browser.ask('GET', '/me')).user, 'ada', `week ${week}`)
      }
      subject.clock.advance(32 * 24 * HOUR)
      assert.equal((await browser.ask('GET', '/me')).user, null)
    },
  },
  {
    name: 'tabs that renew at the same time all have the login',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      await logIn(browser)
      browser.jar.delete(SESSION)
      const tabs = [browser.clone(), browser.clone(), browser.clone(), browser.clone()]
      const all = await Promise.all(tabs.map((tab) => tab.ask('GET', '/me')))
      assert.deepEqual(new Set(all.map(({ user }) => user)), new Set(['ada']))
      const again = await Promise.all(tabs.map((tab) => tab.ask('GET', '/me')))
      assert.deepEqual(new Set(again.map(({ user }) => user)), new Set(['ada']))
      assert.equal(await subject.authority.sessions.count({ owner: '1' }), 1)
    },
  },
  {
    name: 'a stolen code is detected when it is used after its owner, and ends the login',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      await logIn(browser)
      const thief = browser.clone()
      thief.jar.delete(SESSION)
      browser.jar.delete(SESSION)
      await browser.ask('GET', '/me')
      await browser.ask('GET', '/me')
      subject.clock.advance(MINUTE)
      const stolen = thief.jar.get(REMEMBER)
      assert.equal((await thief.ask('GET', '/me')).user, null)
      assert.equal(thief.jar.get(REMEMBER), stolen, 'a refused code clears nothing')
      assert.equal((await browser.ask('GET', '/me')).user, null)
    },
  },
  {
    name: 'a logout, a login without remember and a changed password end a remembered login',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      const later = async (kept: WebBrowser) => {
        kept.jar.delete(SESSION)
        return (await kept.ask('GET', '/me')).user
      }
      await logIn(browser)
      const loggedOut = browser.clone()
      await browser.ask('POST', '/logout')
      assert.equal(browser.jar.size, 0)
      assert.equal(await later(loggedOut), null)

      await logIn(browser)
      const replaced = browser.clone()
      await browser.logIn('bob')
      assert.equal(browser.jar.has(REMEMBER), false)
      assert.equal(await later(replaced), null)

      await logIn(browser)
      const kept = browser.clone()
      subject.setPassword('ada', 'another-secret')
      assert.equal(await later(kept), null)
    },
  },
  {
    name: 'rotate keeps a remembered login under a new id',
    async run(open) {
      const browser = webBrowser(await open())
      const { id } = await logIn(browser)
      await browser.ask('POST', '/rotate')
      browser.jar.delete(SESSION)
      const me = await browser.ask('GET', '/me')
      assert.deepEqual([me.user, me.state, me.id === id], ['ada', 'remembered', false])
      await browser.ask('POST', '/rotate')
      assert.equal((await browser.ask('GET', '/me')).state, 'remembered')
    },
  },
  {
    name: 'a malformed code is no login',
    async run(open) {
      const subject = await open()
      for (const code of ['x', 'lkr_', `lkr_${'0'.repeat(118)}`, 'y'.repeat(5000)]) {
        const browser = webBrowser(subject, new Map([[REMEMBER, code]]))
        assert.equal((await browser.ask('GET', '/me')).user, null, code)
      }
    },
  },
]
