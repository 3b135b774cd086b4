import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Server } from 'socket.io'
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client'
import { type ClientOptions, WebSocket, WebSocketServer } from 'ws'
import { addActor, HOUR, logIn, openFixture, renewalOf } from '../../../test/support/authority.ts'
import { createSocketGuard, type SocketGuardOptions, type SocketSession } from './index.ts'

async function open(t: TestContext, options: Partial<SocketGuardOptions> = {}) {
  const fixture = await openFixture(t)
  const { authority } = fixture
  const guard = createSocketGuard({ authority, development: true, ...options })
  const server = createServer((_request, response) => response.end())
  const sockets = new WebSocketServer({ noServer: true })
  const opened: SocketSession[] = []
  sockets.on('connection', (socket: WebSocket, _request: unknown, session: SocketSession) => {
    opened.push(session)
    socket.on('message', (data) => socket.send(`${session.current.actor.name}: ${String(data)}`))
  })
  const realTime = new Server(server, { destroyUpgrade: false })
  realTime.use(guard.socketIo)
  realTime.on('connection', (socket) => {
    const session: SocketSession = socket.data.session
    socket.on('who', (answer: (name: string) => void) => answer(session.current.actor.name))
    socket.on('renew', async (code: string, answer: (token: string) => void) => {
      const renewed = await session.renew(code)
      answer(renewed.ok ? renewed.token : renewed.code)
    })
  })
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/live') void guard.upgrade(sockets, { request, socket, head })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  t.after(async () => {
    await guard.close()
    for (const socket of sockets.clients) socket.terminate()
    server.closeAllConnections()
    await realTime.close()
  })
  const ada = await addActor(authority, 'ada')
  return { ...fixture, guard, opened, ada, url: `http://127.0.0.1:${port}` }
}

/** Opens a WebSocket; resolves with the status of a refusal, else with the open socket. */
async function connect(url: string, options: ClientOptions): Promise<WebSocket | number> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/live`, options)
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket))
    socket.once('unexpected-response', (_request, response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    socket.once('error', reject)
  })
}

async function connected(url: string, options: ClientOptions): Promise<WebSocket> {
  const socket = await connect(url, options)
  assert.ok(socket instanceof WebSocket, `refused with ${String(socket)}`)
  return socket
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

async function closed(socket: WebSocket): Promise<readonly [code: number, reason: string]> {
  const [code, reason] = await once(socket, 'close')
  return [code, String(reason)]
}

test('a WebSocket of a session is opened, and closes with the reason when the session ends', async (t) => {
  const { url, authority, opened } = await open(t)
  const { token, session } = await logIn(authority, 'ada')
  const socket = await connected(url, bearer(token))
  socket.send('hello')
  const [message] = await once(socket, 'message')
  assert.equal(String(message), 'ada: hello')
  assert.equal(opened[0]?.current.session.id, session.id)
  const end = closed(socket)
  await authority.sessions.end({ id: session.id })
  assert.deepEqual(await end, [4401, 'revoked'])
})

test('a page of the same origin opens a socket with its cookie, and a page of another does not', async (t) => {
  const { url, authority } = await open(t, { allowedOrigins: ['https://partner.example'] })
  const { token } = await logIn(authority, 'ada')
  const headers = { cookie: `latchkey=${token}` }
  await connected(url, { headers, origin: url })
  await connected(url, { headers, origin: 'https://partner.example' })
  assert.equal(await connect(url, { headers, origin: 'https://evil.example' }), 403)
  assert.equal(await connect(url, { headers, origin: 'null' }), 403)
  assert.equal(await connect(url, { headers }), 403)
  const foreign = { ...bearer(token), origin: 'https://evil.example' }
  assert.equal(await connect(url, foreign), 403)
})

test('a page under impersonation opens a socket as the impersonated actor', async (t) => {
  const { url, authority, opened, ada } = await open(t)
  await addActor(authority, 'root', ['impersonate'])
  const parent = await logIn(authority, 'root')
  const check = await authority.authenticate(parent.token)
  assert.ok(check.ok)
  const acting = await authority.sessions.impersonate(check, ada.id)
  assert.ok(acting.ok)
  const cookie = `latchkey=${parent.token}; latchkey-as=${acting.token}`
  const socket = await connected(url, { headers: { cookie }, origin: url })
  assert.equal(opened[0]?.current.actor.name, 'ada')
  const end = closed(socket)
  await authority.logout(check)
  assert.equal((await end)[0], 4401)
})

test('without a live session the upgrade is refused', async (t) => {
  const { url, authority } = await open(t)
  const { token, session } = await logIn(authority, 'ada')
  assert.equal(await connect(url, {}), 403)
  assert.equal(await connect(url, bearer('nonsense')), 401)
  assert.equal(await connect(url, { headers: { cookie: 'latchkey=x' }, origin: url }), 401)
  await authority.sessions.end({ id: session.id })
  assert.equal(await connect(url, bearer(token)), 401)
})

test('a message extends the session, and silence lets it expire', async (t) => {
  const { url, authority, clock } = await open(t)
  const { token } = await logIn(authority, 'ada')
  const socket = await connected(url, bearer(token))
  clock.advance(HOUR - 1)
  socket.send('still here')
  await once(socket, 'message')
  clock.advance(HOUR - 1)
  const end = closed(socket)
  clock.advance(1)
  assert.deepEqual(await end, [4401, 'expired'])
})

test('a session has a limit of sockets, and a closed one makes room', async (t) => {
  const { url, authority } = await open(t, { maxPerSession: 2 })
  const { token } = await logIn(authority, 'ada')
  const first = await connected(url, bearer(token))
  await connected(url, bearer(token))
  assert.equal(await connect(url, bearer(token)), 429)
  first.close()
  await closed(first)
  await connected(url, bearer(token))
})

test('the sockets close without a reason of the session when the guard closes', async (t) => {
  const { url, authority, guard } = await open(t)
  const { token } = await logIn(authority, 'ada')
  const end = closed(await connected(url, bearer(token)))
  await guard.close()
  assert.deepEqual(await end, [1001, 'server_closing'])
})

/** Opens a socket of Socket.IO; resolves with the code of a refusal, else with the socket. */
function connectIo(
  t: TestContext,
  url: string,
  options: Partial<ManagerOptions & SocketOptions>,
): Promise<Socket | string> {
  const socket = io(url, { forceNew: true, reconnection: false, ...options })
  t.after(() => void socket.io.engine.close())
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(socket))
    socket.once('connect_error', (error: Error & { data?: { code: string } }) =>
      resolve(error.data?.code ?? error.message),
    )
  })
}

test('a socket of Socket.IO is told why its session ended', async (t) => {
  const { url, authority } = await open(t)
  const { token, session } = await logIn(authority, 'ada')
  const socket = await connectIo(t, url, { transports: ['websocket'], auth: { token } })
  assert.ok(typeof socket === 'object', String(socket))
  assert.equal(await socket.emitWithAck('who'), 'ada')
  const ended = new Promise((resolve) => socket.once('session:ended', resolve))
  const disconnected = new Promise((resolve) => socket.once('disconnect', resolve))
  await authority.sessions.end({ id: session.id })
  assert.deepEqual(await ended, { reason: 'revoked' })
  assert.equal(await disconnected, 'io server disconnect')
})

test('a socket of Socket.IO over polling has the session of its cookie', async (t) => {
  const { url, authority } = await open(t)
  const { token } = await logIn(authority, 'ada')
  const extraHeaders = { cookie: `latchkey=${token}`, origin: url }
  const socket = await connectIo(t, url, { transports: ['polling'], extraHeaders })
  assert.ok(typeof socket === 'object', String(socket))
  assert.equal(await socket.emitWithAck('who'), 'ada')
  const left = new Promise((resolve) => socket.once('disconnect', resolve))
  socket.disconnect()
  await left
})

test('Socket.IO refuses a bad token and a page of another origin', async (t) => {
  const { url, authority } = await open(t)
  const { token } = await logIn(authority, 'ada')
  const transports = ['websocket']
  assert.equal(await connectIo(t, url, { transports, auth: { token: 'x' } }), 'token_invalid')
  assert.equal(await connectIo(t, url, { transports }), 'origin_refused')
  const cookie = `latchkey=${token}`
  const own = { transports, extraHeaders: { cookie, origin: url } }
  assert.equal(typeof (await connectIo(t, url, own)), 'object')
  const foreign = { transports, extraHeaders: { cookie, origin: 'https://evil.example' } }
  assert.equal(await connectIo(t, url, foreign), 'origin_refused')
})

test('a session is renewed inside the open connection, which stays open', async (t) => {
  const { url, authority, clock } = await open(t)
  const login = await logIn(authority, 'ada', { profile: 'device' })
  const socket = await connectIo(t, url, {
    transports: ['websocket'],
    auth: { token: login.token },
  })
  assert.ok(typeof socket === 'object', String(socket))
  clock.advance(30 * 24 * HOUR)
  const token: string = await socket.emitWithAck('renew', renewalOf(login))
  assert.match(token, /^lks_/)
  clock.advance(2 * 24 * HOUR)
  assert.equal(await socket.emitWithAck('who'), 'ada')
  assert.equal((await authority.authenticate(token)).ok, true)
  assert.equal(await socket.emitWithAck('renew', 'nonsense'), 'token_invalid')
})
