import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import { WebSocket } from 'ws'
import { call, logIn, run } from './cli/support.ts'
import { type ClusterNode, startNode } from './support/cluster.ts'
import { postgresMissing, startPostgres, type TestPostgres } from './support/postgres.ts'

const skip = postgresMissing()
const folder = mkdtempSync(join(tmpdir(), 'latchkey-cluster-'))
let database: TestPostgres
let nodes: readonly ClusterNode[] = []

before(async () => {
  if (skip !== false) return
  database = await startPostgres()
  const names = ['one', 'two', 'three']
  nodes = await Promise.all(
    names.map((name) => startNode({ name, database: database.url, folder })),
  )
})
after(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  await database?.stop()
  rmSync(folder, { recursive: true, force: true })
})

function addressOf(node: number, door: string): URL {
  return new URL(nodes[node]?.addresses[door] ?? '')
}
const http = (node: number) => addressOf(node, 'http').origin

/** Opens a connection; `closed` is what it received when it was closed. */
type Open = (token: string) => Promise<{ readonly closed: Promise<string> }>

const login = (token: string) =>
  JSON.stringify({ name: 'auth/login', command: { token, user_agent: 'test' } })

const openTcp: Open = async (token) => {
  const { hostname, port } = addressOf(1, 'tcp')
  const socket = connect(Number(port), hostname).setEncoding('utf8')
  let text = ''
  const loggedIn = Promise.withResolvers<void>()
  socket.on('data', (chunk: string) => {
    text += chunk
    if (text.includes('auth/logged_in')) loggedIn.resolve()
  })
  const closed = once(socket, 'close').then(() => text)
  socket.write(`${login(token)}\n`)
  await loggedIn.promise
  return { closed }
}

const openSocket: Open = async (token) => {
  const socket = new WebSocket(`${http(1).replace('http', 'ws')}/angen`)
  let text = ''
  const ready = Promise.withResolvers<void>()
  socket.on('message', (data: Buffer) => {
    text += data.toString()
    ready.resolve()
  })
  const closed = once(socket, 'close').then(([code, reason]) => `${text} ${code} ${reason}`)
  await once(socket, 'open')
  socket.send(login(token))
  await ready.promise
  return { closed }
}

const openLongPoll: Open = async (token) => {
  const url = `${http(1)}/msgstream?transport=longpolling&sessionKey=${token}`
  return { closed: fetch(url).then(async (reply) => `${reply.status} ${await reply.text()}`) }
}

const openWatch: Open = async (token) => {
  const client = new Client(addressOf(1, 'grpc').host, credentials.createInsecure())
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${token}`)
  const bytes = (value: Buffer) => value
  const path = '/latchkey.v1.Sessions/Watch'
  const stream = client.makeServerStreamRequest(path, bytes, bytes, Buffer.alloc(0), metadata)
  const ended = once(stream, 'error').then(([error]) => {
    client.close()
    const { code, metadata: trailer } = error as ServiceError
    return `${code} ${trailer.get('reason')}`
  })
  await once(stream, 'metadata')
  return { closed: ended }
}

test('a session that is revoked at one node is refused at all, and closes its connections on another with the reason', {
  skip,
}, async () => {
  const token = await logIn(http(0), 'ada')
  const known = await call(`${http(1)}/v1/session`, 'GET', { token })
  assert.equal(known.status, 200)
  const closing = {
    'Angen over TCP': await openTcp(token),
    'Angen over WebSocket': await openSocket(token),
    'MAGE by long polling': await openLongPoll(token),
    'gRPC Watch': await openWatch(token),
  }
  const revoked = await call(`${http(2)}/v1/session`, 'DELETE', { token })
  assert.equal(revoked.status, 204)
  for (const node of [0, 1, 2]) {
    const refused = await call(`${http(node)}/v1/session`, 'GET', { token })
    assert.deepEqual([refused.status, refused.body['code']], [401, 'session_revoked'])
  }
  const reasons = Object.fromEntries(
    await Promise.all(
      Object.entries(closing).map(async ([door, { closed }]) => [door, await closed]),
    ),
  )
  for (const [door, text] of Object.entries(reasons)) {
    assert.match(String(text), /logged_?out|revoked/i, `${door}: ${text}`)
  }
})

test('one of the nodes printed the code of the first administrator', { skip }, () => {
  const codes = nodes.filter(({ printed }) => printed.includes('admin claim'))
  assert.equal(codes.length, 1)
})

test('latchkey nodes and migrate read the database', { skip }, async () => {
  const env = { LATCHKEY_DATABASE: database.url }
  const listed = await run(['nodes', '--format', 'json'], { env })
  assert.equal(listed.code, 0, listed.stderr)
  const found: { name: string }[] = JSON.parse(listed.stdout)
  const names = found.map(({ name }) => name)
  assert.deepEqual(names.toSorted(), ['one', 'three', 'two'])
  const status = await run(['migrate', '--status'], { env })
  assert.match(status.stdout, /^The schema has version (\d+); this release uses \1\.\n$/)
  const dry = await run(['migrate', '--dry-run'], { env })
  assert.equal(dry.stdout, 'Nothing to do.\n')
  const none = await run(['migrate', '--status'], { cwd: folder })
  assert.equal(none.code, 78)
  assert.match(none.stderr, /--database or LATCHKEY_DATABASE/)
})

test('a password from a file, and an empty database that is migrated by the command', {
  skip,
}, async () => {
  const admin = new URL(database.url)
  const psql = await import('pg')
  const client = new psql.default.Client({ connectionString: database.url })
  await client.connect()
  await client.query('CREATE DATABASE empty')
  await client.end()
  admin.pathname = '/empty'
  const env = { LATCHKEY_DATABASE: admin.href }
  const dry = await run(['migrate', '--dry-run'], { env })
  assert.match(dry.stdout, /CREATE TABLE "latchkey"\.sessions/)
  assert.equal((await run(['nodes'], { env })).code, 0)
  const migrated = await run(['migrate', '--database-password-file', '/dev/null'], { env })
  assert.match(migrated.stdout, /^Completed steps: \d+\./)
})

test('a rolling restart refuses no request of the nodes that stay', { skip }, async () => {
  const token = await logIn(http(0), 'bob')
  const [, second] = nodes
  assert.ok(second)
  let stopped = false
  const asking = (async () => {
    let asked = 0
    while (!stopped) {
      for (const node of [0, 2]) {
        assert.equal((await call(`${http(node)}/v1/session`, 'GET', { token })).status, 200)
        asked++
      }
    }
    return asked
  })()
  await second.stop()
  const renewed = await startNode({ name: 'two', database: database.url, folder })
  nodes = nodes.map((node) => (node === second ? renewed : node))
  stopped = true
  assert.ok((await asking) > 0)
  assert.equal((await call(`${http(1)}/v1/session`, 'GET', { token })).status, 200)
})
