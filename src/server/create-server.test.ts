import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { defineCommand } from '../commands/index.ts'
import type { Store } from '../core/index.ts'
import { memory } from '../stores/memory/index.ts'
import { createServer } from './create-server.ts'
import { openLog } from './log.ts'

const quiet = { log: openLog({ level: 'silent' }) }

test('a server in process starts, is ready, and closes once', async () => {
  const server = await createServer({ http: '127.0.0.1:0', store: 'memory', dev: true }, quiet)
  const [http] = server.addresses
  assert.equal(http?.door, 'http')
  assert.equal((await fetch(`${http?.address}/readyz`)).status, 200)
  const registered = await server.authority.actors.register({ name: 'ada', password: 'p' })
  assert.equal(registered.ok, true)
  await Promise.all([server.close(), server.close()])
  await assert.rejects(fetch(`${http?.address}/readyz`))
})

test('two servers in one process share nothing', async () => {
  const config = { http: '127.0.0.1:0', store: 'memory', dev: true } as const
  const [one, two] = await Promise.all([createServer(config, quiet), createServer(config, quiet)])
  try {
    await one.authority.actors.register({ name: 'ada', password: 'p' })
    assert.equal((await two.authority.actors.search({ limit: 10 })).items.length, 0)
    const metrics = await fetch(`${two.addresses[0]?.address}/metrics`)
    assert.equal(metrics.status, 200)
  } finally {
    await Promise.all([one.close(), two.close()])
  }
})

test('answers are counted by route and status', async () => {
  const server = await createServer({ http: '127.0.0.1:0', store: 'memory', dev: true }, quiet)
  try {
    const url = server.addresses[0]?.address
    await fetch(`${url}/v1/session`)
    await fetch(`${url}/v1/session`)
    const text = await (await fetch(`${url}/metrics`)).text()
    assert.match(
      text,
      /^latchkey_requests_total\{door="http",method="GET",route="\/v1\/session",status="401"\} 2$/m,
    )
  } finally {
    await server.close()
  }
})

test('the configured clients use the OAuth endpoints of a server', async () => {
  const oauth = { clients: [{ id: 'tv' }], verificationUri: 'https://shop.example/tv' }
  const config = { http: '127.0.0.1:0', store: 'memory', dev: true } as const
  const server = await createServer({ ...config, oauth }, quiet)
  try {
    const url = `${server.addresses[0]?.address}/oauth/device_authorization`
    const body = new URLSearchParams({ client_id: 'tv' })
    const answer = (await (await fetch(url, { method: 'POST', body })).json()) as object
    assert.equal('verification_uri' in answer && answer.verification_uri, oauth.verificationUri)
  } finally {
    await server.close()
  }
  const wrong = { clients: [{ id: 'a b' }] }
  await assert.rejects(createServer({ ...config, oauth: wrong }, quiet), {
    code: 'invalid_request',
  })
})

test('a command whose name is taken stops the start', async () => {
  const name = 'session.login'
  const clash = defineCommand({ name, access: ['*'], params: z.strictObject({}), run: () => null })
  await assert.rejects(createServer({ store: 'memory', commands: [clash] }, quiet), {
    code: 'conflict',
    message: 'There are two commands named session.login. Rename one.',
  })
})

test('a configuration in code is checked', async () => {
  const wrong = { htpp: 'off' } as object
  await assert.rejects(createServer(wrong, quiet), { message: 'htpp: there is no such key.' })
  await assert.rejects(createServer({ http: '0.0.0.0:0' }, quiet), { code: 'invalid_request' })
})

/** A store that tells whether it was closed. */
function closableStore(): { store: Store; isClosed(): boolean } {
  let closed = false
  const inner = memory()
  const close = () => {
    closed = true
    return inner.close()
  }
  return { store: { ...inner, close }, isClosed: () => closed }
}

test('a store, or a promise of one, is used instead of a data folder', async () => {
  for (const wrap of [(store: Store) => store, (store: Store) => Promise.resolve(store)]) {
    const { store, isClosed } = closableStore()
    const config = {
      http: '127.0.0.1:0',
      tls: 'off',
      grpc: 'off',
      data: '/nowhere/at/all',
    } as const
    const server = await createServer({ ...config, store: wrap(store) }, quiet)
    const name = 'ada'
    const registered = await server.authority.actors.register({ name, password: 'p'.repeat(20) })
    assert.ok(registered.ok)
    assert.ok((await store.directory.findByIdentity(name)) !== null)
    assert.equal(isClosed(), false)
    await server.close()
    assert.equal(isClosed(), true)
  }
})

test('a server that cannot start closes the store that it was given', async () => {
  for (const config of [{ http: 'nonsense' }, { http: 'off', tls: 'off', grpc: 'off' }]) {
    const { store, isClosed } = closableStore()
    await assert.rejects(createServer({ ...config, store }, quiet), { code: 'invalid_request' })
    assert.equal(isClosed(), true)
  }
  const failed = Promise.reject(new Error('no database'))
  await assert.rejects(createServer({ http: '127.0.0.1:0', store: failed }, quiet), /no database/)
})

test('what is not a store, a directory or a codec is refused by its key', async () => {
  for (const [key, value] of [
    ['store', {}],
    ['store', 'redis'],
    ['store', null],
    ['directory', {}],
    ['directory', null],
    ['codecs', [{}]],
    ['codecs', 'jwt'],
  ] as const) {
    const message = new RegExp(`^${key}: `)
    await assert.rejects(createServer({ [key]: value }, quiet), {
      code: 'invalid_request',
      message,
    })
  }
})

test('a client that asks for an unknown upgrade and disconnects does not end the process', async () => {
  const server = await createServer({ http: '127.0.0.1:0', store: 'memory', dev: true }, quiet)
  try {
    const url = new URL(server.addresses[0]?.address ?? '')
    for (let client = 0; client < 20; client++) {
      const socket = connect(Number(url.port), url.hostname)
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n'
      socket.write(`GET /nowhere HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\n`)
      setImmediate(() => socket.resetAndDestroy())
      await once(socket, 'close')
    }
    assert.equal((await fetch(new URL('/healthz', url))).status, 200)
  } finally {
    await server.close()
  }
})

test('a WebSocket whose command does not end does not delay the shutdown', async () => {
  const started = Promise.withResolvers<void>()
  const stuck = defineCommand({
    name: 'slow.work',
    access: ['*'],
    session: 'optional',
    params: z.strictObject({}),
    run: () => {
      started.resolve()
      return new Promise(() => undefined)
    },
  })
  const config = { http: '127.0.0.1:0', tcp: 'off', store: 'memory', dev: true } as const
  const server = await createServer({ ...config, commands: [stuck], shutdownMs: 100 }, quiet)
  const socket = new WebSocket(`${server.addresses[0]?.address.replace('http', 'ws')}/angen`)
  await once(socket, 'open')
  socket.send('{"name":"slow/work","command":{}}')
  await started.promise
  const before = performance.now()
  await Promise.all([server.close(), once(socket, 'close')])
  assert.ok(performance.now() - before < 2_000, 'it waited for the command')
})
