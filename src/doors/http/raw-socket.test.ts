import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import { type Fixture, openFixture, PASSWORD } from '../../../test/support/http-door.ts'

const CRLF = '\r\n'

/** An authority behind a real HTTP server. */
class Served implements AsyncDisposable {
  readonly fixture: Fixture
  readonly port: number
  readonly #server: Server

  constructor(fixture: Fixture, server: Server) {
    this.fixture = fixture
    this.#server = server
    this.port = (server.address() as AddressInfo).port
  }

  /** Writes bytes as they are, in order, and reads until the server closes. */
  send(...pieces: readonly (string | Uint8Array)[]): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>()
    const socket = connect(this.port, '127.0.0.1')
    let received = ''
    const done = () => {
      socket.destroy()
      resolve(received)
    }
    socket.on('data', (data) => {
      received += data.toString('latin1')
    })
    socket.on('error', done)
    socket.on('close', done)
    for (const piece of pieces) socket.write(piece)
    // The server answers what it has received, and closes.
    socket.end()
    return promise
  }

  async assertLives(): Promise<void> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/healthz`, {
      signal: AbortSignal.timeout(5000),
    })
    assert.equal(answer.status, 200)
    assert.deepEqual(await answer.json(), { status: 'ok' })
    assert.deepEqual(this.fixture.errors, [])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    await this.fixture[Symbol.asyncDispose]()
  }
}

async function serve(): Promise<Served> {
  const fixture = await openFixture()
  const listener = getRequestListener((request, env) =>
    fixture.fetch(request, {
      address: 'socket' in env.incoming ? (env.incoming.socket.remoteAddress ?? null) : null,
    }),
  )
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing))
  // A client that has sent everything still gets its answers.
  Object.assign(server, { httpAllowHalfOpen: true })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return new Served(fixture, server)
}

function request(line: string, headers: readonly string[] = [], body = ''): string {
  return [`${line} HTTP/1.1`, ...headers, '', body].join(CRLF)
}

const HOST = 'Host: localhost'
const CLOSE = 'Connection: close'

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)

/** Malformed requests: each is refused or its connection is closed, and other requests are answered. */
const ABSURD: Readonly<Record<string, string | Uint8Array>> = {
  'no Host': request('GET /v1/session', [CLOSE]),
  'two Hosts': request('GET /v1/session', [HOST, 'Host: evil.example', CLOSE]),
  'a Host of spaces': request('GET /v1/session', ['Host:   ', CLOSE]),
  'a Host with a user and a path': request('GET /v1/session', ['Host: a@b/c?d#e', CLOSE]),
  'a header of 100 KB': request('GET /v1/session', [HOST, `X-Long: ${'x'.repeat(100_000)}`, CLOSE]),
  'a token of 100 KB': request('GET /v1/session', [
    HOST,
    `Authorization: Bearer ${'x'.repeat(100_000)}`,
    CLOSE,
  ]),
  'ten thousand headers': request('GET /v1/session', [
    HOST,
    ...Array.from({ length: 10_000 }, (_, i) => `X-${i}: 1`),
    CLOSE,
  ]),
  'two different lengths': request(
    'POST /v1/actors',
    [HOST, 'Content-Type: application/json', 'Content-Length: 2', 'Content-Length: 3', CLOSE],
    '{}',
  ),
  'a length and chunks': request(
    'POST /v1/actors',
    [HOST, 'Content-Length: 2', 'Transfer-Encoding: chunked', CLOSE],
    `0${CRLF}${CRLF}`,
  ),
  'a negative length': request('POST /v1/actors', [HOST, 'Content-Length: -1', CLOSE]),
  'a length that is no number': request('POST /v1/actors', [HOST, 'Content-Length: 1e3', CLOSE]),
  'a folded header': request('GET /v1/session', [HOST, 'X-Folded: a', ' b', CLOSE]),
  'a lone CR': `GET /v1/session HTTP/1.1\r\n${HOST}\r\nX-Odd: a\rb\r\n${CLOSE}\r\n\r\n`,
  'lone LFs': `GET /v1/session HTTP/1.1\n${HOST}\n\n`,
  'a NUL in a header': request('GET /v1/session', [HOST, 'X-Odd: a\0b', CLOSE]),
  'a space before the colon': request('GET /v1/session', [HOST, 'Authorization : Bearer x', CLOSE]),
  'a header without a name': request('GET /v1/session', [HOST, ': x', CLOSE]),
  'bytes that are no text': Uint8Array.from({ length: 512 }, (_, i) => (i * 37) % 256),
  'a TLS greeting': Uint8Array.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03]),
  'a line of 100 KB': request(`GET /${'x'.repeat(100_000)}`, [HOST, CLOSE]),
  'a version that is none': `GET / HTTP/9.9${CRLF}${HOST}${CRLF}${CRLF}`,
  'a method that is none': request('GIMME /v1/session', [HOST, CLOSE]),
  'a target without a slash': request('GET v1/session', [HOST, CLOSE]),
  'a target of another host': request('GET http://evil.example/v1/session', [HOST, CLOSE]),
  'a tunnel': request('CONNECT localhost:22', [HOST, CLOSE]),
  'a chunk size that is none': request(
    'POST /v1/actors',
    [HOST, 'Content-Type: application/json', 'Transfer-Encoding: chunked', CLOSE],
    `zz${CRLF}{}${CRLF}`,
  ),
  'an unknown coding': request('POST /v1/actors', [HOST, 'Transfer-Encoding: gzip', CLOSE], '{}'),
}

for (const [name, bytes] of Object.entries(ABSURD)) {
  test(`the server outlives ${name}, and answers only refusals`, async () => {
    await using served = await serve()
    const { token } = await served.fixture.person('ada')
    const answer = await served.send(bytes)
    // Silence is an answer too: the connection is cut.
    const status = statusOf(answer)
    assert.ok(status === 0 || (status >= 400 && status < 500), answer.slice(0, 300))
    assert.doesNotMatch(answer, /\.ts:\d+|node:internal/)
    await served.assertLives()
    const mine = await served.fixture.ask('GET /v1/session', { token })
    assert.equal(mine.status, 200)
  })
}

test('a pipelined request is answered in order', async () => {
  await using served = await serve()
  const get = request('GET /healthz', [HOST])
  const answer = await served.send(get + get + request('GET /v1/session', [HOST, CLOSE]))
  const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status)
  assert.deepEqual(statuses, ['200', '200', '401'])
})

test('garbage after a valid request closes only that connection', async () => {
  await using served = await serve()
  const answer = await served.send(
    `${request('GET /healthz', [HOST])}\0\xff garbage ${CRLF}${CRLF}`,
  )
  // Node's parser may refuse the garbage before the first answer is ready.
  assert.ok([200, 400].includes(statusOf(answer)), answer)
  assert.doesNotMatch(answer, /HTTP\/1\.1 5/)
  await served.assertLives()
})

test('bytes after a refused body are not parsed as a request', async () => {
  await using served = await serve()
  const smuggled = request('GET /v1/session', [HOST])
  const body = smuggled.padEnd(70_000, ' ')
  const headers = [HOST, 'Content-Type: application/json', `Content-Length: ${body.length}`]
  const answer = await served.send(request('POST /v1/actors', headers, body))
  const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status)
  assert.deepEqual(statuses, ['413'])
  await served.assertLives()
})

test('a body of chunks over the limit is refused on the wire', async () => {
  await using served = await serve()
  const chunk = `4000${CRLF}${' '.repeat(0x4000)}${CRLF}`
  const headers = [HOST, 'Content-Type: application/json', 'Transfer-Encoding: chunked', CLOSE]
  const answer = await served.send(
    request('POST /v1/actors', headers, `${chunk.repeat(5)}0${CRLF}${CRLF}`),
  )
  assert.equal(statusOf(answer), 413)
  assert.match(answer, /"code":"too_large"/)
  await served.assertLives()
})

test('a slow body does not delay other requests', async () => {
  await using served = await serve()
  const body = JSON.stringify({ name: 'slow', password: PASSWORD })
  const socket = connect(served.port, '127.0.0.1')
  const headers = [HOST, 'Content-Type: application/json', `Content-Length: ${body.length}`, CLOSE]
  socket.write(request('POST /v1/actors', headers, body.slice(0, 5)))
  for (let i = 0; i < 5; i++) await served.assertLives()
  assert.deepEqual((await served.fixture.authority.actors.search({ limit: 10 })).items, [])
  const answered = Promise.withResolvers<string>()
  socket.once('data', (data) => answered.resolve(data.toString()))
  socket.write(body.slice(5))
  assert.equal(statusOf(await answered.promise), 201)
  socket.destroy()
})

test('a client that disconnects during its body leaves nothing behind', async () => {
  await using served = await serve()
  const headers = [HOST, 'Content-Type: application/json', 'Content-Length: 500']
  const socket = connect(served.port, '127.0.0.1')
  socket.write(request('POST /v1/actors', headers, '{"name":"gone",'), () => socket.destroy())
  await new Promise((resolve) => socket.once('close', resolve))
  await served.assertLives()
  assert.deepEqual((await served.fixture.authority.actors.search({ limit: 10 })).items, [])
})

test('a whole exchange runs over a real connection, the address in the list', async () => {
  await using served = await serve()
  const origin = `http://127.0.0.1:${served.port}`
  const post = (path: string, body: unknown) =>
    fetch(origin + path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    })
  assert.equal((await post('/v1/actors', { name: 'ada', password: PASSWORD })).status, 201)
  const login = await post('/v1/sessions', { identity: 'ada', password: PASSWORD })
  const { token } = (await login.json()) as { token: string }
  const headers = { authorization: `Bearer ${token}` }
  const list = await fetch(`${origin}/v1/sessions`, { headers })
  assert.match(await list.text(), /"address":"127\.0\.0\.1"/)
  const out = await fetch(`${origin}/v1/session`, { method: 'DELETE', headers })
  assert.equal(out.status, 204)
  const after = await fetch(`${origin}/v1/session`, { headers })
  assert.equal(after.status, 401)
  assert.match(await after.text(), /"code":"session_revoked".*"reason":"logged_out"/)
})
