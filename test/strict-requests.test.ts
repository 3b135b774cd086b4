import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { ROUTES } from '../src/doors/http/routes.ts'
import { logIn, serve } from './cli/support.ts'

const HOST = 'Host: localhost'
const CLOSE = 'Connection: close'
const LINE = '{method} {path} HTTP/1.1'

/** Joins a request of lines, which end in CR LF unless they are written with another end. */
const lines = (...all: readonly string[]) => `${all.join('\r\n')}\r\n\r\n`

/** What RFC 9110 and RFC 9112 call invalid. */
const INVALID: Readonly<Record<string, string>> = {
  'a request line with a bare LF': `${LINE}\n${lines(HOST, CLOSE)}`,
  'a header line with a bare LF': lines(LINE, `${HOST}\n${CLOSE}`),
  'a bare CR': lines(`${LINE}\r${HOST}`, CLOSE),
  'two Host headers': lines(LINE, HOST, HOST, CLOSE),
  'two different Host headers': lines(LINE, HOST, 'hOST: other.example', CLOSE),
  'no Host header': lines(LINE, CLOSE),
  'an empty Host header': lines(LINE, 'Host:', CLOSE),
  'a Host that is no host': lines(LINE, 'Host: 1.2.3.4.5', CLOSE),
  'a Host with a user': lines(LINE, 'Host: a@localhost', CLOSE),
  'a Host with a path': lines(LINE, 'Host: localhost/x', CLOSE),
  'a Host with an impossible port': lines(LINE, 'Host: localhost:99999', CLOSE),
  'two Authorization headers': lines(LINE, HOST, '{authorization}', '{authorization}', CLOSE),
  'a second, invalid Authorization header': lines(
    LINE,
    HOST,
    '{authorization}',
    'authorization: Bearer x',
    CLOSE,
  ),
  'two Content-Type headers': lines(LINE, HOST, 'Content-Type: a/b', 'Content-Type: c/d', CLOSE),
  'a folded header': lines(LINE, HOST, 'X: a', ' b', CLOSE),
  'a space before the colon': lines(LINE, 'Host : localhost', CLOSE),
  'a fragment': lines('{method} {path}#x HTTP/1.1', HOST, CLOSE),
  'a target of another host': lines(`{method} http://other.example{path} HTTP/1.1`, HOST, CLOSE),
  'an unknown version': lines('{method} {path} HTTP/2.0', HOST, CLOSE),
  'no version': lines('{method} {path}', HOST, CLOSE),
}

const TARGETS = [
  ...ROUTES.map(({ method, path }) => ({ method, path: path.replaceAll(/:\w+/g, 'x') })),
  ...[
    '/healthz',
    '/readyz',
    '/metrics',
    '/openapi.json',
    '/docs',
    '/nothing',
    '/game/config.get',
    '/msgstream',
    '/schema/angen',
    '/favicon.ico',
  ].map((path) => ({ method: 'GET', path })),
  { method: 'POST', path: '/v1/commands/x' },
]

function ask(port: number, request: string): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text
  })
  socket.on('error', () => undefined)
  socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)))
  socket.write(request)
  return promise
}

test('an invalid request is refused with 400 on every route, with any credential', async (t) => {
  const modules = new URL('../examples/mage-game/lib/modules', import.meta.url).pathname
  const server = await serve(t, ['--store', 'memory', '--modules', modules])
  const password = 'six wet otters under a bridge'
  const token = await logIn(server.url, 'ada', password)
  const port = Number(new URL(server.url).port)
  const fill = (request: string, { method, path }: (typeof TARGETS)[number]) =>
    request
      .replaceAll('{method}', method)
      .replaceAll('{path}', path)
      .replaceAll('{authorization}', `Authorization: Bearer ${token}`)
  const valid = lines(LINE, HOST, '{authorization}', CLOSE)
  const absolute = lines('{method} http://localhost{path} HTTP/1.1', HOST, '{authorization}', CLOSE)
  const session = { method: 'GET', path: '/v1/session' }
  assert.equal(await ask(port, fill(valid, session)), 200)
  assert.equal(await ask(port, fill(absolute, session)), 200)
  for (const [name, request] of Object.entries(INVALID)) {
    for (const target of TARGETS) {
      const status = await ask(port, fill(request, target))
      assert.equal(status, 400, `${name}: ${target.method} ${target.path}`)
    }
  }
  const upgrade = lines(
    'GET /angen HTTP/1.1',
    HOST,
    HOST,
    'Connection: upgrade',
    'Upgrade: websocket',
  )
  assert.equal(await ask(port, upgrade), 400)
  assert.doesNotMatch(server.output.stderr, /"level":"(error|fatal|warn)"/)
})
