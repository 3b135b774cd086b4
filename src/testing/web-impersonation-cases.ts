import assert from 'node:assert/strict'
import { webBrowser } from './web-browser.ts'
import type { WebCase } from './web-case.ts'

const MINUTE = 60_000

/** Acting as another user. */
export const webImpersonationCases: readonly WebCase[] = [
  {
    name: 'a user with the scope acts as another one, stays so, and returns to its own session',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      await browser.logIn('root')
      await browser.ask('POST', '/data', { mine: 1 })
      const entered = await browser.ask('POST', '/impersonate', { user: 'ada' })
      assert.deepEqual(
        [entered.user, entered.state, entered.original, entered.data],
        ['ada', 'impersonator', 'root', {}],
      )
      const stays = await browser.ask('GET', '/me')
      assert.deepEqual([stays.user, stays.original], ['ada', 'root'])
      await browser.ask('GET', '/reports')
      assert.equal(await browser.refused(401, 'GET', '/fresh'), 'step_up_required')
      const left = await browser.ask('POST', '/exit')
      assert.deepEqual([left.user, left.state, left.data], ['root', 'fresh', { mine: 1 }])
      assert.equal((await browser.ask('GET', '/me')).user, 'root')
      await browser.refused(403, 'GET', '/reports')
      const { items } = await subject.authority.audit.list({ limit: 100 })
      const acts = items.map(({ act }) => act)
      assert.ok(acts.includes('impersonation_started') && acts.includes('impersonation_ended'))
    },
  },
  {
    name: 'an impersonation needs the scope, and is refused for oneself, for a user that may impersonate, and within another one',
    async run(open) {
      const browser = webBrowser(await open())
      await browser.refused(403, 'POST', '/impersonate', { user: 'ada' })
      await browser.logIn('bob')
      await browser.refused(403, 'POST', '/impersonate', { user: 'ada' })
      await browser.logIn('root')
      await browser.refused(403, 'POST', '/impersonate', { user: 'root' })
      await browser.ask('POST', '/impersonate', { user: 'ada' })
      assert.equal(
        await browser.refused(403, 'POST', '/impersonate', { user: 'bob' }),
        'access_denied',
      )
      assert.equal((await browser.ask('GET', '/me')).user, 'ada')
    },
  },
  {
    name: 'a guard decides in place of the scope, at every request',
    async run(open) {
      const subject = await open({ impersonationGuard: true })
      const root = webBrowser(subject)
      await root.logIn('root')
      await root.refused(403, 'POST', '/impersonate', { user: 'ada' })
      const bob = webBrowser(subject)
      await bob.logIn('bob')
      assert.equal((await bob.ask('POST', '/impersonate', { user: 'ada' })).user, 'ada')
      const stricter = webBrowser(await open({ sharedWith: subject }), bob.jar)
      assert.equal((await stricter.ask('GET', '/me')).user, 'bob', 'the scope is missing there')
      assert.equal((await bob.ask('GET', '/me')).user, 'bob', 'and the impersonation has ended')
    },
  },
  {
    name: 'an impersonation ends with a logout, with a login, with the session it came from, and by itself',
    async run(open) {
      const subject = await open()
      const browser = webBrowser(subject)
      await browser.logIn('root')
      await browser.ask('POST', '/impersonate', { user: 'ada' })
      const copy = browser.clone()
      await browser.ask('POST', '/logout')
      assert.equal(browser.jar.size, 0)
      assert.equal((await copy.ask('GET', '/me')).user, null)

      await browser.logIn('root')
      await browser.ask('POST', '/impersonate', { user: 'ada' })
      const me = await browser.logIn('bob')
      assert.deepEqual([me.user, me.original, browser.jar.size], ['bob', null, 1])

      await browser.logIn('root')
      await browser.ask('POST', '/impersonate', { user: 'ada' })
      subject.setPassword('root', 'other')
      assert.equal((await browser.ask('GET', '/me')).user, null)
      subject.setPassword('root', 'root-secret')

      await browser.logIn('root')
      await browser.ask('POST', '/impersonate', { user: 'ada' })
      subject.clock.advance(16 * MINUTE)
      const later = await browser.ask('GET', '/me')
      assert.deepEqual([later.user, browser.jar.size], ['root', 1])
    },
  },
  {
    name: 'the query parameter of the original enters and exits only if it is named',
    async run(open) {
      const off = webBrowser(await open())
      await off.logIn('root')
      assert.equal((await off.ask('GET', '/me?_impersonate=1')).user, 'root')
      const browser = webBrowser(await open({ queryParameter: '_impersonate' }))
      await browser.logIn('root')
      assert.equal((await browser.ask('GET', '/me?_impersonate=99')).user, 'root')
      assert.equal((await browser.ask('GET', '/me?_impersonate=1')).user, 'ada')
      assert.equal((await browser.ask('GET', '/me')).user, 'ada')
      assert.equal((await browser.ask('GET', '/me?_impersonate=__exit__')).user, 'root')
      const foreign = await browser.send('GET', '/me?_impersonate=1', {
        headers: { 'sec-fetch-site': 'cross-site' },
      })
      assert.equal(foreign.status, 403)
    },
  },
]
