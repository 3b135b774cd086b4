import { after, before, test } from 'node:test'
import pg from 'pg'
import {
  postgresMissing,
  startPostgres,
  type TestPostgres,
} from '../../../test/support/postgres.ts'
import { storeCases } from '../../testing/index.ts'
import { postgres } from './index.ts'

const skip = postgresMissing()
let server: TestPostgres
let pool: pg.Pool
let schemas = 0

before(async () => {
  if (skip !== false) return
  server = await startPostgres()
  pool = new pg.Pool({ connectionString: server.url, max: 20 })
})
after(async () => {
  await pool?.end()
  await server?.stop()
})

for (const { name, run } of storeCases) {
  test(name, { skip }, async () => {
    const schema = `case_${++schemas}`
    const open = () => postgres({ pool, schema })
    let store = await open()
    const reopen = async () => {
      await store.close()
      store = await open()
      return store
    }
    try {
      await run({ store, reopen, secondNode: open })
    } finally {
      await store.close()
      await pool.query(`DROP SCHEMA ${schema} CASCADE`)
    }
  })
}
