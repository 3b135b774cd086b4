import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import express, { type RequestHandler } from 'express'
import session, { type SessionData } from 'express-session'
import { addActor, openFixture, type TestFixture } from '../../../test/support/authority.ts'
import { createCookieBrowser } from '../../../test/support/session-browser.ts'
import { createSessionStore } from './create-session-store.ts'

declare module 'express-session' {
  interface SessionData {
    visits: number
    user: string
  }
}

async function openApplication(
  t: TestContext,
  { authority }: TestFixture,
  routes: Readonly<Record<string, RequestHandler>> = {},
) {
  const ownerOf = ({ user }: SessionData) => user
  const store = createSessionStore({ authority, ownerOf })
  const app = express().set('env', 'test')
  const secret = 'a secret'
  app.use(session({ store, secret, resave: false, saveUninitialized: false }))
  app.get('/look', ({ session }, response) => {
    response.json(session.visits ?? 0)
  })
  app.get('/visit', ({ session }, response) => {
    session.visits = (session.visits ?? 0) + 1
    response.json(session.visits)
  })
  app.get('/login/:user', (request, response, next) => {
    request.session.regenerate((error) => {
      if (error) return next(error)
      request.session.user = request.params.user
      return response.json(true)
    })
  })
  app.get('/logout', ({ session }, response, next) => {
    session.destroy((error) => (error ? next(error) : response.json(true)))
  })
  for (const [path, route] of Object.entries(routes)) app.get(path, route)
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { store, base, openBrowser: () => createCookieBrowser(base) }
}

test('a session of express-session is listed and ended as a session of the authority', async (t) => {
  const fixture = await openFixture(t)
  const { openBrowser, store } = await openApplication(t, fixture)
  const browser = openBrowser()
  assert.deepEqual([await browser.ask('/look'), browser.cookie], [0, ''])
  assert.deepEqual([await browser.ask('/visit'), await browser.ask('/visit')], [1, 2])
  const { items } = await fixture.authority.sessions.list({ group: 'express-session' })
  const [listed] = items
  assert.deepEqual([listed?.door, listed?.client.address], ['express-session', '127.0.0.1'])
  assert.ok(listed?.client.userAgent)
  assert.equal(await store.length(), 1)
  await fixture.authority.sessions.end({ id: listed?.id ?? '' })
  assert.equal(await browser.ask('/look'), 0)
})

test('the session of a user is listed under the user and ends with a suspension', async (t) => {
  const fixture = await openFixture(t)
  const { authority } = fixture
  const { openBrowser } = await openApplication(t, fixture)
  const [ada, bob] = [await addActor(authority, 'ada'), await addActor(authority, 'bob')]
  const browsers = [openBrowser(), openBrowser(), openBrowser()] as const
  for (const [at, { id }] of [ada, ada, bob].entries()) {
    await browsers[at]?.ask('/visit')
    await browsers[at]?.ask(`/login/${id}`)
    assert.equal(await browsers[at]?.ask('/visit'), 1)
  }
  const { items } = await authority.sessions.list({ owner: ada.id })
  assert.equal(items.length, 2)
  await authority.sessions.end({ id: items[1]?.id ?? '' })
  const looks = () => Promise.all(browsers.map((browser) => browser.ask('/look')))
  assert.deepEqual(await looks(), [0, 1, 1])
  await authority.actors.suspend(ada.id)
  assert.deepEqual(await looks(), [0, 0, 1])
})

test('a request in flight at logout does not restore the session', async (t) => {
  const fixture = await openFixture(t)
  const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { openBrowser, base } = await openApplication(t, fixture, {
    '/slow': async ({ session }, response) => {
      reached.resolve()
      await released.promise
      session.visits = 99
      response.json(true)
    },
  })
  const browser = openBrowser()
  await browser.ask('/visit')
  const { cookie } = browser
  const slow = browser.ask('/slow')
  await reached.promise
  await browser.ask('/logout')
  released.resolve()
  assert.equal(await slow, true)
  const response = await fetch(`${base}/look`, { headers: { cookie } })
  assert.equal(await response.json(), 0)
  assert.equal(await fixture.authority.sessions.count(), 0)
})

test('a session id that a client chose is never adopted', async (t) => {
  const fixture = await openFixture(t)
  const { base, store } = await openApplication(t, fixture)
  const headers = { cookie: 'connect.sid=s%3Aan-id-of-my-own-choosing.AAAA' }
  const response = await fetch(`${base}/visit`, { headers })
  assert.equal(await response.json(), 1)
  assert.equal(await store.get('an-id-of-my-own-choosing'), null)
})

test('a session object of an id that was not issued in its request creates nothing', async (t) => {
  const fixture = await openFixture(t)
  const { openBrowser, store } = await openApplication(t, fixture, {
    '/adopt': (request, response) => {
      const cookie = request.session.cookie
      const loaded = store.createSession({ sessionID: 'chosen' }, { cookie })
      void store.set('chosen', loaded, (error) => response.json(error ?? null))
    },
  })
  assert.equal(await openBrowser().ask('/adopt'), null)
  assert.equal(await store.get('chosen'), null)
})

test('a failing store is an error of the request, and not an empty session', async (t) => {
  const fixture = await openFixture(t)
  const { openBrowser, base } = await openApplication(t, fixture)
  const browser = openBrowser()
  await browser.ask('/visit')
  fixture.tap.intercept('sessions.load', () => Promise.reject(new Error('disk')))
  const response = await fetch(`${base}/look`, { headers: { cookie: browser.cookie } })
  assert.equal(response.status, 500)
})

test('load and regenerate of the base class work with callbacks', async (t) => {
  const fixture = await openFixture(t)
  const { openBrowser, store } = await openApplication(t, fixture, {
    '/reload': (request, response, next) => {
      request.session.reload((error) =>
        error ? next(error) : response.json(request.session.visits),
      )
    },
    '/load': ({ sessionID }, response, next) => {
      store.load<SessionData>(sessionID, (error, loaded) =>
        error ? next(error) : response.json(loaded?.visits ?? null),
      )
    },
  })
  const browser = openBrowser()
  assert.equal(await browser.ask('/load'), null)
  await browser.ask('/visit')
  assert.deepEqual([await browser.ask('/reload'), await browser.ask('/load')], [1, 1])
})
