import { defineConfig } from '@adonisjs/core/app'

// `node ace configure latchkey` adds the provider and the commands of latchkey.
export default defineConfig({
  commands: [() => import('@adonisjs/core/commands'), () => import('@adonisjs/lucid/commands')],
  providers: [
    () => import('@adonisjs/core/providers/app_provider'),
    () => import('@adonisjs/core/providers/hash_provider'),
    () => import('@adonisjs/lucid/database_provider'),
    () => import('@adonisjs/session/session_provider'),
    () => import('@adonisjs/auth/auth_provider'),
  ],
  preloads: [() => import('#start/routes'), () => import('#start/kernel')],
  tests: { suites: [{ name: 'api', files: ['tests/**/*.spec.{ts,js}'] }] },
})
