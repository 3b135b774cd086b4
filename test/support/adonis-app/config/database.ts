import env from '#start/env'
import app from '@adonisjs/core/services/app'
import { defineConfig } from '@adonisjs/lucid'

const url = env.get('DATABASE_URL')

export default defineConfig({
  connection: url === undefined ? 'sqlite' : 'pg',
  connections: {
    // The driver is libsql under the name of better-sqlite3, whose interface it has: it comes from the registry ready built.
    sqlite: {
      client: 'better-sqlite3',
      connection: { filename: env.get('SQLITE_FILE', app.makePath('app.sqlite')) },
      useNullAsDefault: true,
      pool: {
        afterCreate(connection, done) {
          connection.exec('pragma foreign_keys = on; pragma busy_timeout = 5000')
          done(null, connection)
        },
      },
      migrations: { naturalSort: true, paths: ['database/migrations'] },
    },
    pg: {
      client: 'pg',
      connection: url ?? {},
      migrations: { naturalSort: true, paths: ['database/migrations'] },
    },
  },
})
