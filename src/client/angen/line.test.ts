import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  type Asked,
  openScripted,
  until,
} from '../../../test/support/angen-client/scripted-server.ts'
import { connectAngen } from './connect-angen.ts'

const echo = ({ name, command, message_id }: Asked) => [{ name, message: command, message_id }]

async function connectTo(t: TestContext, port: number, options = {}) {
  const client = await connectAngen({ port, tls: false, userAgent: 'test', ...options })
  t.after(() => client.close())
  return client
}

test('answers are matched by their ids, and messages without an id are pushes', async (t) => {
  const held: Asked[] = []
  const { port } = await openScripted(t, (asked) => {
    held.push(asked)
    if (held.length < 3) return []
    return [{ name: 'game/news', message: { at: 1 } }, ...held.reverse().flatMap(echo)]
  })
  const client = await connectTo(t, port)
  const pushes: unknown[] = []
  client.on('game/news', (message) => pushes.push(message))
  const stop = client.on('*', (_message, name) => pushes.push(name))
  const answers = await Promise.all([1, 2, 3].map((n) => client.request('game/echo', { n })))
  assert.deepEqual(answers, [{ n: 1 }, { n: 2 }, { n: 3 }])
  assert.deepEqual(pushes, [{ at: 1 }, 'game/news'])
  stop()
})

test('an error without an id belongs to the oldest request, even if its caller gave up', async (t) => {
  const held: Asked[] = []
  const { port, sockets } = await openScripted(t, (asked) => {
    held.push(asked)
    return []
  })
  const client = await connectTo(t, port)
  const first = client.request('a/b', {}, { timeoutMs: 20 })
  const second = client.request('c/d', {})
  const third = client.request('e/f', {})
  await assert.rejects(first, { code: 'timeout' })
  await until(() => held.length === 3)
  const error = (reason: string) => ({ name: 'system/error', message: { reason } })
  const texts = [
    error('one'),
    error('two for message {"password":"hush"}'),
    ...held.slice(2).flatMap(echo),
  ]
  for (const text of texts) sockets[0]?.write(`${JSON.stringify(text)}\n`)
  await assert.rejects(second, { code: 'invalid_request', reason: 'two', message: 'c/d: two' })
  assert.deepEqual(await third, {})
})

test('a refusal has its code, its words and when to ask again', async (t) => {
  const messages = [
    { command: 'a/b', reason: 'Bad token' },
    { command: 'a/b', reason: 'Later', retry_after: 3 },
    { command: 'a/b', reason: 'No room', code: 'session_limit' },
    { command: 'a/b', reason: 'No', code: 'constructor' },
  ]
  const { port } = await openScripted(t, ({ message_id, command }) => {
    const message = messages[Number(command['at'])] ?? {}
    return [{ name: 'system/failure', message, message_id }]
  })
  const client = await connectTo(t, port)
  const refusals = await Promise.all(
    messages.map((_, at) => client.request('a/b', { at }).catch((error: unknown) => error)),
  )
  const codes = refusals.map((error) => (error as { code: string }).code)
  assert.deepEqual(codes, ['token_invalid', 'busy', 'session_limit', 'invalid_request'])
  assert.deepEqual((refusals[1] as { details: object }).details, { retryAfterMs: 3000 })
  assert.equal((refusals[2] as { reason: string }).reason, 'No room')
})

test('requests are bounded, with a connection and without one', async (t) => {
  const { port, close } = await openScripted(t, () => [])
  const client = await connectTo(t, port, { maxOutstanding: 2 })
  const ask = () => client.request('a/b', {}, { timeoutMs: 5_000 })
  const waiting = [ask(), ask()]
  await assert.rejects(ask(), { code: 'busy' })
  close()
  const broken = await Promise.allSettled(waiting)
  for (const each of broken)
    assert.equal(each.status === 'rejected' && each.reason.code, 'unavailable')
  const late = Promise.allSettled([ask(), ask(), ask()])
  await client.close()
  const codes = (await late).map((each) => each.status === 'rejected' && each.reason.code)
  assert.deepEqual(codes, ['unavailable', 'unavailable', 'busy'])
})

test('bytes that wait to be sent are bounded', async (t) => {
  const { port, sockets } = await openScripted(t, echo)
  const client = await connectTo(t, port, { maxUnsentBytes: 10_000 })
  for (const socket of sockets) socket.pause()
  const text = 'x'.repeat(1_000_000)
  const sent = Array.from({ length: 40 }, () => client.request('a/b', { text }, { timeoutMs: 500 }))
  const codes = (await Promise.allSettled(sent)).map((each) =>
    each.status === 'rejected' ? each.reason.code : 'answered',
  )
  assert.ok(codes.includes('busy'), codes.join())
})

test('a signal ends the waiting for an answer', async (t) => {
  const { port } = await openScripted(t, () => [])
  const client = await connectTo(t, port)
  const signal = AbortSignal.timeout(10)
  await assert.rejects(client.request('a/b', {}, { signal }), { name: 'TimeoutError' })
  await assert.rejects(client.request('a/b', {}, { signal: AbortSignal.abort() }), {
    name: 'AbortError',
  })
})

test('what is no message ends the connection, not the process, and the client comes back', async (t) => {
  for (const text of [
    '[]',
    'no json',
    '{"name":1,"message":{}}',
    '{"name":"a"}',
    'x'.repeat(3000),
  ]) {
    let broken = false
    const { port, sockets } = await openScripted(t, (asked, socket) => {
      if (broken) return echo(asked)
      broken = true
      socket.write(`${text}\n`)
      return []
    })
    const client = await connectTo(t, port, { maxLineBytes: 1000 })
    await assert.rejects(client.request('a/b', {}), { code: 'unavailable' })
    assert.deepEqual(await client.request('a/b', { n: 1 }), { n: 1 })
    assert.equal(sockets.length, 2)
  }
})

test('an idle connection is pinged, and one that does not answer is given up', async (t) => {
  const { port, sockets } = await openScripted(t, echo)
  const client = await connectTo(t, port, { keepAliveMs: 10, requestTimeoutMs: 300 })
  const [first] = sockets
  await until(() => (first?.bytesRead ?? 0) > 200)
  assert.equal(sockets.length, 1)
  first?.pause()
  await until(() => sockets.length === 2)
  assert.ok(first?.destroyed === true || first?.readableEnded === false)
  await client.request('a/b', {})
})

test('a handler that throws affects no other', async (t) => {
  const { port } = await openScripted(t, (asked) => [{ name: 'x/y', message: {} }, ...echo(asked)])
  const warnings: string[] = []
  const logger = { warn: (message: string) => void warnings.push(message) }
  const client = await connectTo(t, port, { logger })
  client.on('x/y', () => {
    throw new Error('ouch')
  })
  assert.deepEqual(await client.request('a/b', { n: 1 }), { n: 1 })
  assert.deepEqual(warnings, ['A handler failed: Error: ouch'])
})

test('secrets do not travel to another machine in clear, unless that is asked for', async () => {
  const far = { host: '192.0.2.1', tls: false, userAgent: 'test', patienceMs: 10 } as const
  await assert.rejects(connectAngen(far), { code: 'invalid_request' })
  const asked = connectAngen({ ...far, allowPlainTcp: true })
  await assert.rejects(asked, ({ code }: { code: string }) => code !== 'invalid_request')
})

test('a server that is not there is said to be unavailable', async (t) => {
  const { port, sockets } = await openScripted(t, echo)
  assert.equal(sockets.length, 0)
  const nowhere = { port: port === 1 ? 2 : 1, tls: false, userAgent: 'test', patienceMs: 50 }
  await assert.rejects(connectAngen(nowhere), { code: 'unavailable' })
  await assert.rejects(connectAngen({ ...nowhere, signal: AbortSignal.abort() }), {
    name: 'AbortError',
  })
})
