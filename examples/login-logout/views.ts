import express, { type Express } from 'express'
import type { Authority } from 'latchkey'
import { authentication, impersonation, sessions } from 'latchkey/express'
import {
  authOf,
  exitImpersonation,
  impersonate,
  LoginManager,
  loginUser,
  type PasswordVerifier,
  sessionAuthenticator,
  type UserLike,
  type UserProvider,
} from 'latchkey/web'

/** A user of the application. */
export interface User extends UserLike {
  loginAttempts: number
  readonly active: boolean
}

const secretKey = 'key!'

class TooManyAttempts extends Error {}

class InactiveUser extends Error {}

function throttleLogins(_request: object, user: User | null): void {
  if (user !== null && user.loginAttempts > 3) throw new TooManyAttempts()
}

async function requireActiveUser(_request: object, user: User): Promise<void> {
  if (!user.active) throw new InactiveUser()
}

/** Makes the application: login views with and without guards, a logout view, a custom login view, and impersonation. */
export function createApp(
  authority: Authority,
  userProvider: UserProvider<User>,
  passwordVerifier: PasswordVerifier,
): Express {
  const loginManager = new LoginManager(userProvider, passwordVerifier, secretKey)

  const app = express()
  app.use(express.urlencoded({ extended: false }))
  app.use(sessions({ authority, cookie: { secure: 'auto' } }))
  app.use(authentication({ authenticators: [sessionAuthenticator(userProvider)] }))
  app.use(impersonation({ users: userProvider }))

  app.post('/login', async (request, response) => {
    const { email, password } = request.body

    const userToken = await loginManager.login(request, email, password)
    if (userToken.isAuthenticated) response.redirect('/app')
    else response.redirect('/login?error=invalid_credentials')
  })

  // The throttle runs before the password is verified. A plain function runs after it.
  const throttle = { when: 'before', check: throttleLogins } as const
  app.post('/guarded-login', async (request, response) => {
    const { email, password } = request.body
    try {
      const guards = [throttle, requireActiveUser]
      const userToken = await loginManager.login(request, email, password, { guards })
      if (userToken.isAuthenticated) response.redirect('/app')
      else response.redirect('/login?error=invalid_credentials')
    } catch (error) {
      if (error instanceof TooManyAttempts) response.redirect('/login?error=too_many_attempts')
      else if (error instanceof InactiveUser) response.redirect('/login?error=inactive_user')
      else throw error
    }
  })

  app.post('/logout', async (request, response) => {
    await loginManager.logout(request)
    response.redirect('/login')
  })

  app.post('/custom-login', async (request, response) => {
    const user = await userProvider.findByUsername('ada@example.test')
    if (user !== null) await loginUser(request, user, secretKey)
    response.redirect('/app')
  })

  app.post('/impersonate', async (request, response) => {
    const user = await userProvider.findById(request.body.id)
    if (user !== null) await impersonate(request, user)
    response.redirect('/app')
  })

  app.post('/exit-impersonation', async (request, response) => {
    await exitImpersonation(request)
    response.redirect('/app')
  })

  app.get('/app', (request, response) => {
    response.send(String(authOf(request)))
  })
  return app
}
