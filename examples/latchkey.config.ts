/**
 * The configuration of a server behind a TLS proxy: `latchkey serve --config examples/latchkey.config.ts`. Flags and LATCHKEY_
 * variables override it. Settings can be changed while the server runs, with `latchkey settings set`.
 */
import { LatchkeyError } from 'latchkey'
import { defineConfig } from 'latchkey/server'

export default defineConfig({
  http: '127.0.0.1:8080',
  data: './latchkey-data',
  publicUrl: 'https://login.example',
  trustedProxies: ['127.0.0.1', '::1'],
  settings: {
    'password.minLength': 12,
    'profile.web.idleMs': 30 * 60_000,
  },
  guards: [
    {
      when: 'after',
      check({ actor, source }) {
        const remote = source.address !== null && source.address !== '127.0.0.1'
        if (actor?.roles.includes('admin') === true && remote) {
          throw new LatchkeyError('access_denied', 'Administrators log in on this machine only.')
        }
      },
    },
  ],
})
