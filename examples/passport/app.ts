import express, { type Express } from 'express'
import { type Authority, createAuthority } from 'latchkey'
import { getSession, sessions } from 'latchkey/express'
import { memory } from 'latchkey/stores/memory'
import { inMemoryUsers, passportUser, sessionOf, type UserLike, userDirectory } from 'latchkey/web'
import { Passport } from 'passport'
import { Strategy as LocalStrategy } from 'passport-local'

/** A user of the application. */
export interface User extends UserLike {
  readonly username: string
  password: string
}

function user(id: number, username: string, password: string): User {
  return {
    username,
    password,
    getId: () => id,
    getDisplayName: () => username,
    getHashedPassword: () => '',
    getScopes: () => [],
  }
}

/** Makes the application; `make` is Express 5 or 4. */
export async function createApp(
  make: typeof express = express,
): Promise<{ app: Express; authority: Authority }> {
  const table = [user(1, 'ada', 'ada-secret'), user(2, 'bob', 'bob-secret')]
  const users = inMemoryUsers(table)
  const authority = await createAuthority({ store: memory(), directory: userDirectory(users) })

  const passport = new Passport()
  passport.use(
    new LocalStrategy((username, password, done) => {
      const found = table.find((one) => one.username === username)
      done(null, found?.password === password ? found : false)
    }),
  )
  passport.serializeUser((found, done) => done(null, (found as User).getId()))
  passport.deserializeUser(async (id, done) =>
    done(null, (await users.findById(String(id))) ?? false),
  )

  const app = make()
  app.use(make.json())
  // In place of express-session. `userOf` gives each session its user, so that it can be listed and ended by user.
  app.use(sessions({ authority, userOf: passportUser, cookie: { secure: 'auto' } }))
  app.use(passport.initialize())
  app.use(passport.session())

  const me = (request: express.Request, response: express.Response) => {
    const found = request.user as User | undefined
    response.json({ user: found?.username ?? null, data: sessionOf(request)['cart'] ?? null })
  }
  const keepSessionInfo = true
  app.post('/login', passport.authenticate('local'), me)
  app.post('/login-keep', passport.authenticate('local', { keepSessionInfo }), me)
  app.post('/logout', (request, response, next) => {
    request.logout((error) =>
      error === undefined || error === null ? me(request, response) : next(error),
    )
  })
  app.post('/cart', (request, response) => {
    sessionOf(request)['cart'] = request.body.cart
    me(request, response)
  })
  app.get('/me', me)
  app.get('/sessions', async (request, response) => {
    const owner = getSession(request)?.session.owner
    const page = owner === undefined ? { items: [] } : await authority.sessions.list({ owner })
    response.json({ sessions: page.items.length })
  })
  app.post('/password-reset', async (request, response) => {
    const found = table.find((one) => one.username === request.body.username)
    if (found !== undefined) {
      found.password = request.body.password
      await authority.sessions.end({ owner: String(found.getId()) }, { reason: 'password_changed' })
    }
    response.json({})
  })
  return { app, authority }
}
