import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_STREAM_LIMITS } from './limits.ts'
import { SessionStream } from './session-stream.ts'
import type { Transport } from './transport.ts'

function openOne() {
  const told: (readonly string[])[] = []
  const transport: Transport = {
    deliver: (packs) => void told.push(['deliver', packs]),
    finish: (packs) => void told.push(['finish', packs]),
    end: (why) => void told.push(['end', why]),
    tick: () => undefined,
  }
  const stream = new SessionStream({
    limits: DEFAULT_STREAM_LIMITS,
    now: () => 0,
    schedule: () => undefined,
    onError: (error) => assert.fail(String(error)),
  })
  stream.put({ event: { name: 'a' }, text: '[["a"]]', bytes: 7 })
  return { stream, transport, told }
}

test('a client of a stream that has just ended is told why, and does not wait', () => {
  const { stream, transport, told } = openOne()
  stream.end('revoked')
  stream.attach(transport)
  assert.deepEqual(told, [['finish', '{"0":[["session.unset","revoked"]],"1":[["a"]]}']])
  assert.equal(stream.take(), '{"0":[["session.unset","revoked"]],"1":[["a"]]}')
})

test('a client of a server that stops is sent to another', () => {
  const { stream, transport, told } = openOne()
  stream.end('server_closing')
  stream.attach(transport)
  assert.deepEqual(told, [['end', 'closing']])
  assert.equal(stream.take(), '{"1":[["a"]]}')
})
