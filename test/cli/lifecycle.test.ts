import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { until } from '../support/until.ts'
import {
  call,
  file,
  logIn,
  type ServerProcess,
  serve,
  temporaryFolder,
  untilPrinted,
} from './support.ts'

const REGISTRATION = JSON.stringify({ name: 'late', password: 'p' })

// Sends the head of a request, and not yet its body.
async function beginRequest(server: ServerProcess): Promise<Socket & { answer: Promise<string> }> {
  const { hostname, port, host } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const answer = new Promise<string>((resolve) => {
    socket.once('error', () => resolve(text))
    socket.once('close', () => resolve(text))
  })
  const head =
    `POST /v1/actors HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${REGISTRATION.length}\r\nExpect: 100-continue\r\n\r\n`
  socket.write(head)
  // The server has the request when it answers with 100.
  await new Promise<void>((resolve) => {
    socket.on('data', () => text.includes('100 Continue') && resolve())
  })
  return Object.assign(socket, { answer })
}

describe('the lifecycle of a server', { concurrency: 4 }, () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`at ${signal} the server finishes requests in progress, accepts no more, and exits with 0`, async (t) => {
      const server = await serve(t, ['--dev', '--data', temporaryFolder(t)])
      const idle = connect(Number(new URL(server.url).port), '127.0.0.1')
      t.after(() => idle.destroy())
      const socket = await beginRequest(server)
      server.child.kill(signal)
      await untilPrinted(server.child, server.output, /finishing the requests in progress/)
      // A connection that the system had completed before is still answered.
      await until(() =>
        fetch(`${server.url}/healthz`).then(
          () => false,
          () => true,
        ),
      )
      socket.write(REGISTRATION)
      const answer = await socket.answer
      assert.match(answer, /HTTP\/1\.1 201 /)
      assert.match(answer, /connection: close/i)
      assert.equal((await server.ended).code, 0)
    })
  }

  test('a request that takes longer than shutdownMs is cut off', async (t) => {
    const server = await serve(t, ['--dev', '--store', 'memory', '--shutdown-ms', '100'])
    const socket = await beginRequest(server)
    const ended = await server.kill()
    assert.doesNotMatch(await socket.answer, / 201 /)
    assert.equal(ended.code, 0)
  })

  test('a second signal ends the server at once', async (t) => {
    const server = await serve(t, ['--dev', '--store', 'memory', '--shutdown-ms', '60000'])
    await beginRequest(server)
    server.child.kill('SIGTERM')
    await untilPrinted(server.child, server.output, /finishing the requests in progress/)
    // Two signals within a moment count as one: npm forwards the signal that the terminal has sent to the whole group.
    server.child.kill('SIGTERM')
    const again = setInterval(() => server.child.kill('SIGTERM'), 50)
    t.after(() => clearInterval(again))
    assert.equal((await server.ended).code, 143)
  })

  test('after SIGKILL sessions are still valid, and revoked ones still revoked', async (t) => {
    const data = temporaryFolder(t)
    const first = await serve(t, ['--dev', '--data', data])
    const kept = await logIn(first.url, 'ada')
    const ended = await logIn(first.url, 'ada')
    await call(`${first.url}/v1/session`, 'DELETE', { token: ended })
    await first.kill('SIGKILL')
    const second = await serve(t, ['--dev', '--data', data])
    const mine = await call(`${second.url}/v1/session`, 'GET', { token: kept })
    assert.equal(mine.status, 200)
    const over = await call(`${second.url}/v1/session`, 'GET', { token: ended })
    assert.equal(over.status, 401)
    assert.equal(over.body['code'], 'session_revoked')
  })

  const faulty = (fault: string) =>
    `export default { dev: true, store: 'memory', http: '127.0.0.1:0',
      guards: [{ when: 'before', check() { ${fault} } }] }`

  test('an unhandled rejection is logged and counted, and the server keeps running', async (t) => {
    const text = faulty('Promise.reject(new Error("forgotten"))')
    const config = file(temporaryFolder(t), 'rejects.mjs', text)
    const server = await serve(t, ['--config', config])
    await logIn(server.url, 'ada')
    await untilPrinted(server.child, server.output, /Unhandled promise rejection.*forgotten/)
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    assert.match(metrics, /^latchkey_faults_total 1$/m)
  })

  test('an uncaught exception closes the server in order, with exit code 70', async (t) => {
    const text = faulty('setTimeout(() => { throw new Error("lost") })')
    const config = file(temporaryFolder(t), 'throws.mjs', text)
    const server = await serve(t, ['--config', config])
    await logIn(server.url, 'ada').catch(() => undefined)
    const { code, stderr } = await server.ended
    assert.match(stderr, /FATAL Uncaught exception: closing\. .*lost/)
    assert.equal(code, 70)
  })

  test('bytes that are not a request get a problem document, and the server keeps running', async (t) => {
    const server = await serve(t, ['--dev', '--store', 'memory'])
    const { port } = new URL(server.url)
    const ask = (bytes: string) =>
      new Promise<string>((resolve) => {
        let text = ''
        const socket = connect(Number(port), '127.0.0.1', () => socket.end(bytes))
        socket.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        socket.once('close', () => resolve(text))
      })
    const huge = `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`
    const afterAnother = `GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n${huge}`
    const cases: readonly [string, RegExp][] = [
      ['\0\x01\r\n\r\n', /^HTTP\/1\.1 400 .*"code":"invalid_request"/s],
      ['GET /healthz HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 .*"code":"invalid_request"/s],
      ['GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n', /^HTTP\/1\.1 400 .*"code":"invalid_request"/s],
      [huge, /^HTTP\/1\.1 431 .*"code":"too_large"/s],
    ]
    for (const [bytes, answer] of cases) assert.match(await ask(bytes), answer)
    await ask(afterAnother)
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
  })
})
