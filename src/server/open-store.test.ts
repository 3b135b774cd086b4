import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { postgresMissing, startPostgres, type TestPostgres } from '../../test/support/postgres.ts'
import { createServer, type RunningServer } from './create-server.ts'
import { openLog } from './log.ts'
import type { ServerConfig } from './server-config.ts'

const skip = postgresMissing()
const quiet = { log: openLog({ level: 'silent' }) }
let database: TestPostgres
let running: RunningServer[] = []

before(async () => {
  if (skip === false) database = await startPostgres()
})
after(() => database?.stop())
afterEach(async () => {
  for (const server of running) await server.close()
  running = []
})

async function startNode(node: string, config: ServerConfig = {}): Promise<RunningServer> {
  const common = { http: '127.0.0.1:0', tcp: 'off', tls: 'off', grpc: 'off', dev: true } as const
  const server = await createServer({ ...common, database: database.url, node, ...config }, quiet)
  running.push(server)
  return server
}

function ask(server: RunningServer, path: string, init?: RequestInit): Promise<Response> {
  return fetch(`${server.addresses[0]?.address}${path}`, init)
}

test('a session of one node is known at the second and revoked at the third, at once', {
  skip,
}, async () => {
  const [one, two, three] = [
    await startNode('one'),
    await startNode('two'),
    await startNode('three'),
  ]
  await one.authority.actors.register({ name: 'ada', password: 'p' })
  const login = await one.authority.login({ identity: 'ada', password: 'p' })
  assert.ok(login.ok)
  const bearer = { headers: { authorization: `Bearer ${login.token}` } }
  assert.equal((await ask(two, '/v1/session', bearer)).status, 200)
  await three.authority.sessions.end({ id: login.session.id })
  for (const node of [one, two, three]) {
    const refused = await ask(node, '/v1/session', bearer)
    assert.equal(refused.status, 401)
    assert.equal(((await refused.json()) as { code: string }).code, 'session_revoked')
  }
})

test('settings and signing keys are those of all nodes', { skip }, async () => {
  const [one, two] = [await startNode('one'), await startNode('two')]
  await one.authority.settings.set('password.minLength', 12)
  const deadline = performance.now() + 5000
  while (two.authority.settings.get('password.minLength') !== 12) {
    assert.ok(performance.now() < deadline, 'the setting did not reach the other node')
    await pause(10)
  }
  const keys = await Promise.all([one, two].map((node) => ask(node, '/.well-known/jwks.json')))
  const [first, second] = await Promise.all(keys.map((reply) => reply.json()))
  assert.deepEqual(first, second)
  await one.authority.settings.set('password.minLength', 1)
})

test('the code of the first administrator is created once, and used at any node', {
  skip,
}, async () => {
  const [one, two] = [await startNode('first'), await startNode('second')]
  const code = await one.authority.actors.createClaimCode({ node: 'first' })
  assert.ok(code)
  assert.equal(await two.authority.actors.createClaimCode({ node: 'second' }), null)
  // A node that starts again prints a new code, because the old one may be lost.
  const again = await one.authority.actors.createClaimCode({ node: 'first' })
  assert.ok(again)
  const claimed = await two.authority.actors.claim({ code: again, name: 'root', password: 'p' })
  assert.equal(claimed.ok, true)
  assert.equal(await one.authority.actors.createClaimCode({ node: 'first' }), null)
})

test('durability is shown by readyz and metrics, and the nodes are counted', { skip }, async () => {
  const one = await startNode('one')
  await startNode('two')
  assert.deepEqual(await (await ask(one, '/readyz')).json(), {
    status: 'ready',
    durability: 'none',
  })
  const metrics = await (await ask(one, '/metrics')).text()
  assert.match(metrics, /^latchkey_durability\{level="none"\} 1$/m)
  assert.match(metrics, /^latchkey_durability\{level="quorum"\} 0$/m)
  assert.match(metrics, /^latchkey_nodes 2$/m)
  assert.match(metrics, /^latchkey_cache_trusted 1$/m)
})

test('a database that cannot be reached or a wrong URL stops the start, without its password', {
  skip,
}, async () => {
  const gone = 'postgres://latchkey:secret-word@127.0.0.1:1/x'
  for (const url of [
    gone,
    'postgres://latchkey:secret-word@db.example/x',
    'mysql://secret-word@x',
  ]) {
    await assert.rejects(
      startNode('one', { database: url }),
      (error: Error & { code?: string }) =>
        !error.message.includes('secret-word') &&
        ['unavailable', 'invalid_request'].includes(error.code ?? ''),
    )
  }
  await assert.rejects(startNode('one', { databasePasswordFile: '/nowhere' }), {
    code: 'invalid_request',
  })
})
