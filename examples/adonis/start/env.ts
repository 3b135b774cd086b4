import { Env } from '@adonisjs/core/env'

export default await Env.create(new URL('../', import.meta.url), {
  NODE_ENV: Env.schema.enum(['development', 'production', 'test'] as const),
  PORT: Env.schema.number(),
  HOST: Env.schema.string(),
  APP_KEY: Env.schema.string(),
  DATABASE_URL: Env.schema.string.optional(),
  SQLITE_FILE: Env.schema.string.optional(),
})
