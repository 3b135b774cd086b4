import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { Kysely, SqliteDialect } from 'kysely'
import { kyselyUsers } from './kysely-users.ts'
import { hashApiToken, type SqlUser, type SqlUsersOptions, sqlUsers } from './sql-users.ts'
import type { UserProvider } from './user-provider.ts'

function openTable(): DatabaseSync {
  const db = new DatabaseSync(':memory:')
  db.exec(
    'CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, login TEXT, password TEXT, scopes TEXT, token TEXT)',
  )
  const add = db.prepare('INSERT INTO users VALUES (?, ?, ?, ?, ?, ?)')
  add.run(1, 'ada@example.test', 'ada', 'h1', 'read write', hashApiToken('secret-token'))
  add.run(2, 'twice@example.test', 'twice1', 'h2', '', null)
  add.run(3, 'twice@example.test', 'twice2', 'h3', '', null)
  return db
}

const columns = { username: ['email', 'login'], scopes: 'scopes', tokenHash: 'token' } as const

async function check(users: UserProvider<SqlUser>): Promise<void> {
  const ada = await users.findById('1')
  assert.deepEqual(
    [ada?.getId(), ada?.getDisplayName(), ada?.getHashedPassword(), ada?.getScopes()],
    [1, 'ada@example.test', 'h1', ['read', 'write']],
  )
  assert.equal((await users.findByUsername('ada'))?.getId(), 1)
  assert.equal((await users.findByUsername('ada@example.test'))?.row['login'], 'ada')
  assert.equal((await users.findByToken?.('secret-token'))?.getId(), 1)
  for (const hash of ['secret', hashApiToken('secret-token'), '']) {
    assert.equal(await users.findByToken?.(hash), null)
  }
  assert.equal(await users.findById('7'), null)
  for (const name of ['nobody', '', `' OR 1=1 --`, `ada' --`]) {
    assert.equal(await users.findByUsername(name), null, name)
  }
  await assert.rejects(async () => users.findByUsername('twice@example.test'), { code: 'conflict' })
}

test('users of a table are found over any query function, with parameters only', async () => {
  const db = openTable()
  const texts: string[] = []
  const query: SqlUsersOptions['query'] = (text, values) => {
    texts.push(text)
    return db.prepare(text).all(...values.map(String))
  }
  await check(sqlUsers({ query, table: 'users', columns }))
  assert.ok(texts.every((text) => !text.includes('ada')))
  await check(
    sqlUsers({
      query: async (...args) => ({ rows: await query(...args) }),
      table: 'users',
      columns,
    }),
  )
  await check(sqlUsers({ query: (...args) => [query(...args), []], table: 'users', columns }))
})

test('PostgreSQL gets numbered parameters', async () => {
  const asked: unknown[] = []
  const query = async (text: string, values: readonly unknown[]) => {
    asked.push(text, values)
    return { rows: [] }
  }
  const users = sqlUsers({ query, table: 'app.users', columns, placeholder: '$1' })
  await users.findByUsername('ada')
  assert.deepEqual(asked, [
    'SELECT * FROM app.users WHERE email = $1 OR login = $2 LIMIT 2',
    ['ada', 'ada'],
  ])
})

test('names of tables and columns are plain, and a query must return rows', async () => {
  const query = () => 'nothing'
  for (const table of ['users; DROP TABLE users', 'a b', '', '"users"']) {
    assert.throws(() => sqlUsers({ query, table }), TypeError)
  }
  assert.throws(
    () => sqlUsers({ query, table: 'users', columns: { id: 'id = id OR 1' } }),
    TypeError,
  )
  await assert.rejects(async () => sqlUsers({ query, table: 'users' }).findById('1'), TypeError)
})

test('users of a table are found over Kysely', async () => {
  const db = openTable()
  // The statements of `node:sqlite` lack the flag that the dialect reads.
  const database = {
    close: () => db.close(),
    prepare(text: string) {
      const statement = db.prepare(text)
      const bound = (values: readonly unknown[]) => values.map(String)
      return {
        reader: statement.columns().length > 0,
        all: (values: readonly unknown[]) => statement.all(...bound(values)),
        run: (values: readonly unknown[]) => statement.run(...bound(values)),
        iterate: (values: readonly unknown[]) => statement.iterate(...bound(values)),
      }
    },
  }
  interface Tables {
    users: { id: number; email: string; login: string }
  }
  const kysely = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) })
  // SQLite compares a number with text by the column's type, and the limit arrives as text.
  await check(kyselyUsers({ db: kysely, table: 'users', columns }))
  await kysely.destroy()
})
