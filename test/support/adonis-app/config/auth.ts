import { defineConfig } from '@adonisjs/auth'
import { sessionGuard, sessionUserProvider } from '@adonisjs/auth/session'
import { tokensGuard, tokensUserProvider } from '@adonisjs/auth/access_tokens'
import type { InferAuthEvents, InferAuthenticators, Authenticators } from '@adonisjs/auth/types'
import { loginGuard } from 'latchkey/adonis'

const authConfig = defineConfig({
  default: 'latchkey',
  guards: {
    latchkey: loginGuard({ model: () => import('#models/session') }),
    // Accepts what the two guards below have made.
    moving: loginGuard({ model: () => import('#models/moving_session') }),
    api: tokensGuard({
      provider: tokensUserProvider({ tokens: 'accessTokens', model: () => import('#models/user') }),
    }),
    web: sessionGuard({
      useRememberMeTokens: true,
      provider: sessionUserProvider({ model: () => import('#models/user') }),
    }),
  },
})

export default authConfig

declare module '@adonisjs/auth/types' {
  interface Authenticators extends InferAuthenticators<typeof authConfig> {}
}
declare module '@adonisjs/core/types' {
  interface EventsList extends InferAuthEvents<Authenticators> {}
}
