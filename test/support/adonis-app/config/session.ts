import { defineConfig } from '@adonisjs/session'
import { sessionStore } from 'latchkey/adonis'

export default defineConfig({
  enabled: true,
  cookieName: 'adonis-session',
  age: '2h',
  cookie: { path: '/', httpOnly: true, secure: false, sameSite: 'lax' },
  store: 'latchkey',
  stores: { latchkey: sessionStore() },
})
