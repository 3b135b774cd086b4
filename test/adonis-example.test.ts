import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { APPLICATIONS, copyOf, node, run, start } from './support/adonis.ts'
import { files, installed, migrate, onBoth, prepare } from './support/adonis-suite.ts'

const { example } = APPLICATIONS

/** SHA-256 of the blocks of code in the documentation of castle. */
const DOCUMENTED = {
  model: 'd4b5e0a5157e245c66660c4470901ca1ff6037b4b377e671f9cd2d95f6a9bc69',
  middleware: 'ff9872417214019d27c87b7e97d44a3c4309a2cc7dcce03d4d1c8e7e8cc8c1f2',
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly body: unknown
}

describe('the example application', () => {
  prepare(example, async () => {
    await run(example, 'npm', ['run', 'build'], { NODE_ENV: 'test' })
  })

  test("its model and its middleware are those of castle's documentation, but for one import", () => {
    const digestOf = (file: string) => {
      const text = readFileSync(join(example, file), 'utf8')
      return hash('sha256', text.replace("'latchkey/adonis'", "'@folie/castle'"))
    }
    assert.equal(digestOf('app/models/session.ts'), DOCUMENTED.model)
    assert.equal(digestOf('app/middleware/auth_middleware.ts'), DOCUMENTED.middleware)
  })

  onBoth('logs in, refuses what is not a session, and logs out', async (env, t) => {
    await migrate(example, env)
    const server = await start(example, env)
    t.after(() => server.stop())

    async function ask(
      method: string,
      path: string,
      { token, json, accept }: { token?: string; json?: object; accept?: string } = {},
    ): Promise<Answer> {
      const response = await fetch(server.url + path, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...(accept === undefined ? {} : { accept }),
        },
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      })
      const text = await response.text()
      return { status: response.status, text, body: text.startsWith('{') ? JSON.parse(text) : null }
    }
    const account = { email: 'ada@example.org', password: 'correct horse battery' }
    const login = async (more: object = {}) => {
      const { body } = await ask('POST', '/login', { json: { ...account, ...more } })
      return body as { token: string; session: { id: number } }
    }
    const status = async (token: string) => (await ask('GET', '/me', { token })).status

    assert.equal((await ask('POST', '/users', { json: account })).status, 201)
    const wrong = await ask('POST', '/login', { json: { ...account, password: 'x' } })
    assert.equal(wrong.status, 400)

    const first = await login()
    assert.equal('hash' in first.session, false)
    const me = await ask('GET', '/me', { token: first.token })
    assert.equal(me.status, 200)
    const seen = me.body as { user: { email: string }; session: { id: number } }
    assert.equal(seen.user.email, account.email)
    assert.equal(seen.session.id, first.session.id)

    const tampered = first.token.slice(0, -3) + (first.token.endsWith('AAA') ? 'BBB' : 'AAA')
    const missing = `oat_${Buffer.from('999').toString('base64url')}.${first.token.split('.')[1]}`
    for (const token of [tampered, missing, first.token.slice(4), 'oat_', '%00']) {
      const refused = await ask('GET', '/me', { token })
      assert.deepEqual([refused.status, refused.text], [401, 'Invalid session'])
    }
    const refused = await ask('GET', '/sessions', { token: tampered, accept: 'application/json' })
    assert.deepEqual(
      [refused.status, refused.body],
      [401, { errors: [{ message: 'Not a valid session' }] }],
    )

    // The middleware lets requests without a session pass where it is told to.
    assert.deepEqual((await ask('GET', '/greeting')).body, { userId: null })
    assert.deepEqual((await ask('GET', '/greeting', { token: tampered })).body, { userId: null })
    assert.deepEqual((await ask('GET', '/greeting', { token: first.token })).body, { userId: 1 })

    const short = await login({ expiresIn: '1s' })
    assert.equal(await status(short.token), 200)
    const deadline = performance.now() + 5000
    while ((await status(short.token)) === 200) assert.ok(performance.now() < deadline)
    assert.equal(await status(short.token), 401)

    // Three at most: the fourth evicts the first.
    const later = [await login(), await login()]
    assert.equal(await status(first.token), 200)
    later.push(await login())
    assert.equal(await status(first.token), 401)
    const list = await ask('GET', '/sessions', { token: later[0]?.token ?? '' })
    const listed = (list.body as { sessions: { id: number }[] }).sessions.map(({ id }) => id)
    assert.deepEqual(listed, later.map(({ session }) => session.id).reverse())

    const out = later[0]?.token ?? ''
    assert.equal((await ask('DELETE', '/session', { token: out })).status, 204)
    assert.equal(await status(out), 401)
    assert.equal(await status(later[1]?.token ?? ''), 200)
  })

  installed(
    'configure writes a model, a migration, types and a middleware that compile',
    async (t) => {
      const copy = copyOf(example)
      t.after(copy.remove)
      for (const own of [
        'app/models/session.ts',
        'app/middleware/auth_middleware.ts',
        'database/migrations/2_create_sessions_table.ts',
        'types',
      ]) {
        rmSync(join(copy.folder, own), { recursive: true })
      }
      const env = { NODE_ENV: 'development', PORT: '0' }
      const configure = () => node(copy.folder, ['ace.js', 'configure', 'latchkey'], env)
      await configure()
      assert.match(readFileSync(join(copy.folder, 'start/kernel.ts'), 'utf8'), /auth_middleware/)
      await node(copy.folder, ['ace.js', 'build'], env)
      // Asked again, it leaves what is there.
      await configure()
      const migrations = readdirSync(join(copy.folder, 'database/migrations'))
      assert.equal(migrations.filter((name) => name.includes('create_sessions_table')).length, 1)
      const settings = readFileSync(join(copy.folder, 'adonisrc.ts'), 'utf8')
      assert.equal(settings.split('latchkey/adonis/provider').length, 2)
      const database = { SQLITE_FILE: join(files, 'configured.sqlite') }
      await migrate(copy.folder, database, 'run')
      const server = await start(copy.folder, database)
      t.after(() => server.stop())
      const refused = await fetch(`${server.url}/me`, { headers: { accept: 'application/json' } })
      assert.equal(refused.status, 401)
      assert.deepEqual(await refused.json(), { errors: [{ message: 'Not a valid session' }] })
      assert.equal((await fetch(`${server.url}/greeting`)).status, 200)
    },
  )
})
