import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Session } from './models.js'
import { createUser, db, dialect, migrate, schema, sqliteFile } from './setup.js'

before(migrate)

const count = async (id: number) => (await db.from('sessions').where('user_id', id)).length

test('50 creates in five processes at once leave exactly 3', async () => {
  const user = await createUser()
  const program = fileURLToPath(new URL('create-many.js', import.meta.url))
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const run = () =>
    promisify(execFile)(process.execPath, [program, String(user.id)], {
      env: { ...env, TEST_SCHEMA: schema, TEST_SQLITE_FILE: sqliteFile },
    })
  await Promise.all(Array.from({ length: 5 }, run))
  assert.equal(await count(user.id), 3)
})

for (const isolationLevel of ['repeatable read', 'serializable'] as const) {
  test(`transactions that are ${isolationLevel} never leave more than 3`, {
    skip: dialect === 'pg' ? false : 'SQLite has one level',
  }, async () => {
    const user = await createUser()
    const create = () =>
      db.transaction(
        async (client) => {
          await db.from('users').useTransaction(client).where('id', user.id).first()
          await Session.manager.create(user, { client })
        },
        { isolationLevel },
      )
    let made = 0
    for (let round = 0; round < 5; round++) {
      const outcomes = await Promise.allSettled(Array.from({ length: 8 }, create))
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') made++
        else assert.equal(outcome.reason.code, '40001')
      }
      assert.ok((await count(user.id)) <= 3)
    }
    assert.ok(made >= 5)
  })
}

test('a manager repeats its own transaction where the database reads from one snapshot', {
  skip: dialect === 'pg' ? false : 'SQLite has one level',
}, async () => {
  const user = await createUser()
  const client = db.connection('snapshot')
  const shown = await client.rawQuery('show transaction_isolation')
  assert.equal(shown.rows[0].transaction_isolation, 'repeatable read')
  await Promise.all(Array.from({ length: 5 }, () => Session.manager.create(user, { client })))
  assert.equal(await count(user.id), 3)
})
