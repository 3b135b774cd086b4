import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import { logIn, type ServerProcess, serve } from './cli/support.ts'

const CONNECTIONS = 25
const REQUESTS = 1500
const MiB = 1024 * 1024

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`

async function dial(t: TestContext, { url }: ServerProcess): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => undefined)
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** Sends requests on many connections and reads no answer. */
async function flood(t: TestContext, server: ServerProcess, request: string): Promise<void> {
  for (let index = 0; index < CONNECTIONS; index++) {
    const socket = await dial(t, server)
    socket.pause()
    socket.write(request.repeat(REQUESTS))
  }
}

/** Asserts that the server answers others meanwhile, and returns its memory in bytes. */
async function memoryWhileServing({ url }: ServerProcess, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` }
  let most = 0
  for (let asked = 0; asked < 30; asked++) {
    const startedAt = performance.now()
    const answer = await fetch(`${url}/v1/session`, { headers, signal: AbortSignal.timeout(5000) })
    assert.equal(answer.status, 200)
    await answer.text()
    const took = performance.now() - startedAt
    assert.ok(took < 1000, `another client waited ${Math.round(took)} ms`)
    const metrics = await (await fetch(`${url}/metrics`)).text()
    const rss = Number(/^process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1])
    most = Math.max(most, rss)
  }
  return most
}

const serveSmall = (t: TestContext) =>
  serve(t, ['--dev', '--store', 'memory', '--modules', 'examples/mage-game/lib/modules'], {
    cwd: process.cwd(),
    env: { NODE_OPTIONS: '--max-old-space-size=256' },
  })

describe('a client that sends requests without end and reads no answer', () => {
  for (const [name, request] of [
    ['a large answer', get('/openapi.json')],
    ['a page', get('/docs')],
    ['a check of a session', get('/v1/session')],
    ['a schema', get('/schema/angen')],
    ['a batch of MAGE commands', mageBatch()],
  ] as const) {
    test(`takes neither the memory nor the time of the server: ${name}`, async (t) => {
      const server = await serveSmall(t)
      const token = await logIn(server.url, 'ada')
      await flood(t, server, request)
      const bytes = await memoryWhileServing(server, token)
      assert.ok(bytes < 350 * MiB, `${Math.round(bytes / MiB)} MiB`)
    })
  }

  test('takes neither of them with WebSocket frames', async (t) => {
    const server = await serveSmall(t)
    const token = await logIn(server.url, 'ada')
    const line = JSON.stringify({ name: 'system/ping', command: {} })
    for (let index = 0; index < CONNECTIONS; index++) {
      const socket = new WebSocket(`${server.url.replace('http', 'ws')}/angen`)
      socket.on('error', () => undefined)
      t.after(() => socket.terminate())
      await once(socket, 'open')
      socket.pause()
      for (let sent = 0; sent < REQUESTS; sent++) socket.send(line)
    }
    const bytes = await memoryWhileServing(server, token)
    assert.ok(bytes < 350 * MiB, `${Math.round(bytes / MiB)} MiB`)
  })
})

test('a client that reads gets the answer to each of its pipelined requests, in order', async (t) => {
  const server = await serveSmall(t)
  const socket = await dial(t, server)
  let answers = 0
  let rest = ''
  const done = Promise.withResolvers<void>()
  socket.setEncoding('latin1').on('data', (text: string) => {
    const whole = rest + text
    answers += whole.split('HTTP/1.1 200 OK').length - 1
    // What may be the beginning of the next status line.
    rest = whole.slice(-14)
    if (rest.includes('HTTP/1.1 200 OK')) rest = ''
    if (answers === REQUESTS) done.resolve()
  })
  socket.on('close', () => done.reject(new Error(`closed after ${answers} answers`)))
  socket.write(get('/openapi.json').repeat(REQUESTS))
  await done.promise
})

function mageBatch(): string {
  const body = '[]\n{"appName":"game","baseUrl":"/"}'
  return `POST /game/config.get HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}
