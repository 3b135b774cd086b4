import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import Fastify, { type RouteHandlerMethod } from 'fastify'
import { openFixture, type TestFixture } from '../../../test/support/authority.ts'
import { createCookieBrowser } from '../../../test/support/session-browser.ts'
import { createSessionStore } from './create-session-store.ts'

declare module 'fastify' {
  interface Session {
    visits: number
  }
}

async function openApplication(
  t: TestContext,
  { authority }: TestFixture,
  routes: Readonly<Record<string, RouteHandlerMethod>> = {},
) {
  const store = createSessionStore({ authority, group: 'fastify' })
  const app = Fastify()
  await app.register(fastifyCookie)
  const secret = 'a secret of at least 32 characters'
  await app.register(fastifySession, { store, secret, cookie: { secure: false } })
  app.get('/look', async ({ session }) => session.visits ?? 0)
  app.get('/visit', async ({ session }) => {
    session.visits = (session.visits ?? 0) + 1
    return session.visits
  })
  app.get('/login', async ({ session }) => {
    await session.regenerate(['visits'])
    return true
  })
  app.get('/logout', async ({ session }) => {
    await session.destroy()
    return true
  })
  for (const [path, route] of Object.entries(routes)) app.get(path, route)
  const base = await app.listen({ port: 0, host: '127.0.0.1' })
  t.after(() => app.close())
  return { store, openBrowser: () => createCookieBrowser(base) }
}

test('@fastify/session keeps its data in sessions of the authority', async (t) => {
  const fixture = await openFixture(t)
  const { openBrowser, store } = await openApplication(t, fixture)
  const browser = openBrowser()
  assert.deepEqual([await browser.ask('/visit'), await browser.ask('/visit')], [1, 2])
  const before = browser.cookie
  await browser.ask('/login')
  assert.notEqual(browser.cookie, before)
  assert.deepEqual([await browser.ask('/look'), await store.length()], [2, 1])
  await browser.ask('/logout')
  assert.equal(await browser.ask('/look'), 0)
})

test('a request in flight at logout does not restore the session', async (t) => {
  const fixture = await openFixture(t)
  const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { openBrowser, store } = await openApplication(t, fixture, {
    '/slow': async ({ session }) => {
      reached.resolve()
      await released.promise
      session.visits = 99
      return [session.sessionId]
    },
  })
  const browser = openBrowser()
  await browser.ask('/visit')
  const slow = browser.ask('/slow')
  await reached.promise
  await browser.ask('/logout')
  // The record is removed too, so that only the mode of the save decides.
  fixture.clock.advance(3 * 86_400_000)
  await fixture.authority.prune()
  released.resolve()
  assert.equal(await store.get(String(await slow)), null)
})
