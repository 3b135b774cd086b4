import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import express from 'express'
import session, { type SessionData } from 'express-session'
import { Passport } from 'passport'
import { Strategy } from 'passport-local'
import { addActor, openFixture, PASSWORD } from '../../../test/support/authority.ts'
import { createSessionStore } from './create-session-store.ts'

declare module 'express-session' {
  interface SessionData {
    passport: { user?: string }
  }
}

test('Passport logs in and out over the store, and its sessions belong to their users', async (t) => {
  const { authority } = await openFixture(t)
  const { id } = await addActor(authority, 'ada')
  const ownerOf = ({ passport }: SessionData) => passport?.user
  const passport = new Passport()
  passport.use(
    new Strategy({ usernameField: 'name' }, (name, password, done) => {
      const known = name === 'ada' && password === PASSWORD
      done(null, known ? { id } : false)
    }),
  )
  passport.serializeUser((user, done) => done(null, (user as { id: string }).id))
  passport.deserializeUser((user, done) => done(null, { id: user as string }))
  const app = express().set('env', 'test')
  const store = createSessionStore({ authority, ownerOf })
  app.use(session({ store, secret: 'a secret', resave: false, saveUninitialized: false }))
  app.use(express.json(), passport.initialize(), passport.session())
  app.post('/login', passport.authenticate('local'), (_request, response) => {
    response.json(true)
  })
  app.post('/logout', (request, response, next) => {
    request.logout((error) => (error ? next(error) : response.json(true)))
  })
  app.get('/me', ({ user }, response) => {
    response.json((user as { id: string } | undefined)?.id ?? null)
  })
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const openBrowser = () => {
    let cookie = ''
    return async (path: string, body?: object) => {
      const headers = { cookie, 'content-type': 'application/json' }
      const post = { method: 'POST', body: JSON.stringify(body) }
      const response = await fetch(base + path, { headers, ...(body && post) })
      const [set] = response.headers.getSetCookie()
      cookie = set?.split(';')[0] ?? cookie
      return response.ok ? response.json() : response.status
    }
  }
  const [first, second, third] = [openBrowser(), openBrowser(), openBrowser()]
  assert.equal(await first('/login', { name: 'ada', password: 'wrong' }), 401)
  for (const browser of [first, second, third]) {
    await browser('/login', { name: 'ada', password: PASSWORD })
    assert.equal(await browser('/me'), id)
  }
  assert.equal(await authority.sessions.count({ owner: id }), 3)
  await first('/logout', {})
  assert.deepEqual([await first('/me'), await second('/me')], [null, id])
  const { items } = await authority.sessions.list({ owner: id })
  await authority.sessions.end({ id: items[0]?.id ?? '' })
  assert.deepEqual([await second('/me'), await third('/me')].sort(), [id, null].sort())
  await authority.credentials.resetPassword({
    actorId: id,
    next: 'nine calm herons',
    sessions: 'revoke-all',
  })
  assert.deepEqual([await second('/me'), await third('/me')], [null, null])
})
