import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { call, logIn, type ServerProcess, serve } from './cli/support.ts'

const PASSWORD = 'six wet otters under a bridge'

/** What a client may make of a token by mistake. */
const MALFORMED: Readonly<Record<string, (token: string) => string>> = {
  'a letter that is not ASCII after it': (token) => `Bearer ${token}é`,
  'a control character': (token) => `Bearer ${token}\t`,
  'another scheme': (token) => `Basic ${token}`,
  'no scheme': (token) => token,
  'a doubled scheme': (token) => `Bearer Bearer ${token}`,
  'a colon after the scheme': (token) => `Bearer: ${token}`,
  'a comma and another': (token) => `Bearer ${token}, Bearer ${token}`,
  'a quote': (token) => `Bearer "${token}"`,
  'half of it': (token) => `Bearer ${token.slice(0, token.length / 2)}`,
  'all in upper case': (token) => `Bearer ${token.toUpperCase()}`,
  'an emoji': (token) => `Bearer ${token}\u{1f511}`,
  'a null character': (token) => `Bearer ${token}\0`,
  'many of it': (token) => `Bearer ${token.repeat(20)}`,
}

/** Sends bytes and reads until the server closes, or stays silent. */
async function exchange(port: number, bytes: Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => {
    answer += chunk.toString('latin1')
  })
  socket.setTimeout(500, () => socket.destroy())
  socket.end(bytes)
  await once(socket, 'close')
  return answer
}

const HTTP_REQUESTS: readonly ((credential: string, token: string) => string)[] = [
  (credential) => `GET /v1/session HTTP/1.1\r\nAuthorization: ${credential}`,
  (credential) => `GET /v1/sessions HTTP/1.1\r\nAuthorization: ${credential}`,
  (credential) => `GET /v1/session HTTP/1.1\r\nCookie: __Host-latchkey=${credential}`,
  (credential) => `GET /msgstream HTTP/1.1\r\nAuthorization: ${credential}`,
  (credential) => `POST /game/players.whoami HTTP/1.1\r\nAuthorization: ${credential}`,
  (_, token) => `GET /v1/sessions?token=${token} HTTP/1.1`,
  (_, token) => `GET /v1/sessions/${token} HTTP/1.1`,
  (_, token) => `GET /nothing/${token}?${token}#${token} HTTP/1.1`,
  (_, token) => `GET /msgstream?transport=${token}&sessionKey=${token} HTTP/1.1`,
  (_, token) => `${token} / HTTP/1.1`,
]

async function overGrpc(port: number, headers: Record<string, string | string[]>): Promise<void> {
  const client = connectHttp2(`http://127.0.0.1:${port}`)
  client.on('error', () => undefined)
  const stream = client.request({
    ':method': 'POST',
    ':path': '/latchkey.v1.Sessions/WhoAmI',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  })
  const closed = Promise.withResolvers<void>()
  // The server's library refuses some values itself.
  stream.on('error', () => undefined)
  stream.on('close', () => closed.resolve())
  stream.end(Buffer.alloc(5))
  stream.resume()
  await closed.promise
  client.destroy()
}

describe('a malformed credential', () => {
  let server: ServerProcess
  let token = ''
  const cleanups: (() => unknown)[] = []
  const ports = { http: 0, tcp: 0, grpc: 0 }

  before(async () => {
    const modules = new URL('../examples/mage-game/lib/modules', import.meta.url).pathname
    const doors = ['--tcp', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--grpc-insecure']
    const args = ['--store', 'memory', '--modules', modules, '--log-level', 'debug', ...doors]
    server = await serve({ after: (done) => void cleanups.push(done as () => unknown) }, args)
    token = await logIn(server.url, 'ada', PASSWORD)
    ports.http = Number(new URL(server.url).port)
    for (const door of ['tcp', 'grpc'] as const) {
      const listens = new RegExp(`^${door} listens on \\S+:(\\d+)$`, 'm')
      ports[door] = Number(listens.exec(server.output.stdout)?.[1])
    }
  })
  after(async () => {
    for (const cleanup of cleanups) await cleanup()
  })

  for (const [name, malform] of Object.entries(MALFORMED)) {
    test(`reaches no output, and is no error of the server: ${name}`, async () => {
      const credential = malform(token)
      for (const encoding of ['utf8', 'latin1'] as const) {
        for (const request of HTTP_REQUESTS) {
          const text = `${request(credential, token)}\r\nHost: localhost\r\nConnection: close\r\n\r\n`
          const answer = await exchange(ports.http, Buffer.from(text, encoding))
          assert.doesNotMatch(answer, /^HTTP\/1\.1 5/, text)
        }
      }
      const body = { token: credential, renewal: credential, identity: 'ada', password: credential }
      for (const path of ['/v1/introspect', '/v1/session/renew', '/v1/sessions']) {
        const { status } = await call(`${server.url}${path}`, 'POST', { body })
        assert.ok(status < 500, `${path}: ${status}`)
      }
      const mage = `[{"name":"mage.session","key":${JSON.stringify(credential)}}]\n{}`
      await fetch(`${server.url}/game/players.whoami`, { method: 'POST', body: mage })
      for (const command of [
        { name: 'auth/login', command: { token: credential } },
        { name: 'auth/login', command: { email: 'a@b.example', password: credential } },
        { name: credential, command: credential },
      ]) {
        await exchange(ports.tcp, Buffer.from(`${JSON.stringify(command)}\n`))
      }
      await exchange(ports.tcp, Buffer.from(`${credential}\n`, 'latin1'))
      for (const authorization of [credential, [credential, credential]]) {
        try {
          await overGrpc(ports.grpc, { authorization })
        } catch (error) {
          // Node's own client does not send every value.
          assert.ok(error instanceof TypeError, String(error))
        }
      }
      await overGrpc(ports.grpc, { 'x-token-bin': credential, [`x-${'k'.repeat(9)}`]: token })
    })
  }

  test('and nothing else is written to standard error than the log', async () => {
    const { output } = server
    const ended = await server.kill()
    assert.equal(ended.code, 0)
    const all = `${output.stdout}${output.stderr}`
    for (const part of [token, token.slice(30), token.slice(4, 60)]) {
      assert.ok(!all.includes(part), 'the output contains the token')
      assert.ok(!all.toUpperCase().includes(part.toUpperCase()), 'in another case')
    }
    for (const line of output.stderr.split('\n').filter((text) => text !== '')) {
      const { level } = JSON.parse(line) as { level: string }
      assert.ok(['debug', 'info'].includes(level), line)
    }
  })
})
