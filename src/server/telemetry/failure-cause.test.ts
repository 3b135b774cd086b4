import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusalOf, refuse } from '../../core/errors.ts'
import { LatchkeyError } from '../../core/index.ts'
import { failureCause } from './failure-cause.ts'

const engineError = (facts: object) => Object.assign(new Error('the engine'), facts)

test('the cause of a failure is what the engine reported, else what failed', () => {
  for (const [cause, expected] of [
    [engineError({ errcode: 13 }), 'disk_full'],
    [engineError({ errcode: 10 | (3 << 8) }), 'io'],
    [engineError({ code: 'ENOSPC' }), 'disk_full'],
    [engineError({ code: '53100' }), 'disk_full'],
    [new Error('outer', { cause: engineError({ code: 'ECONNREFUSED' }) }), 'connection'],
    [engineError({ code: 'constructor' }), 'store'],
    [undefined, 'store'],
  ] as const) {
    const error = new LatchkeyError('unavailable', 'The store failed.', { source: 'store', cause })
    assert.equal(failureCause(refusalOf(error)), expected)
  }
  assert.equal(failureCause(refuse('busy', 'x', { source: 'password_queue' })), 'password_queue')
  assert.equal(failureCause(refuse('unavailable', 'x')), 'unknown')
  assert.equal(failureCause(refusalOf(new TypeError('a mistake of ours'))), 'exception')
})

test('a mistake of a client and a client that has disconnected are no failures', () => {
  assert.equal(failureCause(refuse('credentials_invalid', 'x')), null)
  assert.equal(failureCause(refuse('throttled', 'x')), null)
  assert.equal(failureCause(refuse('timeout', 'x', { source: 'client' })), null)
})

test('an error that is its own cause ends the search', () => {
  const error: Error & { cause?: unknown } = new Error('round')
  error.cause = error
  assert.equal(failureCause(refuse('unavailable', 'x', { cause: error })), 'unknown')
})
