import express, { type Express } from 'express'
import session, { type SessionData } from 'express-session'
import type { Authority } from 'latchkey'
import { createSessionStore } from 'latchkey/express-session'

declare module 'express-session' {
  interface SessionData {
    visits: number
    user: string
  }
}

/** An application on express-session, whose sessions are sessions of the authority. */
export function createApp(authority: Authority): Express {
  const app = express()
  // The only line that is not the application's own: its user ids are ids of actors.
  const store = createSessionStore({ authority, ownerOf: ({ user }: SessionData) => user })
  app.use(session({ store, secret: 'keep me', resave: false, saveUninitialized: false }))
  app.use(express.json())

  app.get('/', ({ session }, response) => {
    session.visits = (session.visits ?? 0) + 1
    response.json({ visits: session.visits, user: session.user ?? null })
  })

  app.post('/login', async (request, response) => {
    const { name, password } = request.body as { name: string; password: string }
    const login = await authority.login({ identity: name, password })
    if (!login.ok) return void response.status(401).json({ code: login.code })
    // The session of express-session is the one that counts here.
    await authority.sessions.end({ id: login.session.id })
    request.session.regenerate((error) => {
      if (error) return void response.status(500).json({ code: 'unavailable' })
      request.session.user = login.actor.id
      response.json({ user: login.actor.id })
    })
  })

  app.post('/logout-everywhere', async ({ session }, response) => {
    if (session.user === undefined) return void response.status(401).json({ code: 'token_missing' })
    const ended = await authority.sessions.end({ owner: session.user, raiseEpoch: true })
    response.json({ ended: ended.length })
  })
  return app
}
