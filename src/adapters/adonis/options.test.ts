import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDuration } from './duration.ts'
import { compareKeys, parseKey } from './key-type.ts'
import { resolveOptions, type SessionManagerOptions } from './options.ts'

test('the defaults are those of the documentation', () => {
  const { now, ...options } = resolveOptions({})
  assert.ok(Math.abs(now() - Date.now()) < 1000)
  assert.deepEqual(options, {
    maxSessions: 3,
    onLimit: 'evict-oldest',
    tokenPrefix: 'oat_',
    secretSize: 64,
    invalidMessage: 'Not a valid session',
    expiresInMs: null,
    idleMs: null,
    touchEveryMs: 60_000,
    key: 'integer',
    owner: null,
    cookie: null,
    accept: [],
  })
  assert.equal(resolveOptions({ idle: '5m' }).touchEveryMs, 30_000)
  assert.equal(resolveOptions({ expiresIn: 60 }).expiresInMs, 60_000)
})

test('zero, the empty text and nonsense are refused, not replaced by a default', () => {
  const wrong: Record<keyof SessionManagerOptions, unknown[]> = {
    maxSessions: [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3', 10_001, null],
    onLimit: ['', 'evict', 0],
    tokenPrefix: ['', ' ', 'a b', 'é', 'x'.repeat(33), 'a\n', 7],
    secretSize: [0, 21, 513, 40.5, '64', Number.NaN],
    invalidMessage: ['', '  ', 0, {}],
    expiresIn: [0, -1, '', 'abc', '60', '1mo', '-1h', Number.NaN, null, true],
    idle: [0, '', 'soon'],
    touchEvery: [0, '', '10'],
    key: ['', 'int', 0],
    owner: ['', ' ', 7, null],
    cookie: ['', 'a b', 'a=b', { name: '' }, null, {}],
    accept: [null, {}],
    now: [null, 0],
  }
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const options = { [name]: value } as SessionManagerOptions
      assert.throws(
        () => resolveOptions(options),
        { code: 'invalid_request', message: new RegExp(`^${name}`) },
        `${name}: ${String(value)}`,
      )
    }
  }
})

test('durations are those of AdonisJS', () => {
  const hour = 3_600_000
  for (const [text, ms] of [
    [60, 60_000],
    [0.5, 500],
    ['1h', hour],
    ['1.5h', 1.5 * hour],
    ['30 days', 720 * hour],
    ['1w', 168 * hour],
    ['1y', 365.25 * 24 * hour],
    ['500ms', 500],
    ['2 HOURS', 2 * hour],
    ['10 mins', hour / 6],
  ] as const) {
    assert.equal(parseDuration('x', text), ms)
  }
  for (const text of ['101y', '0h', '1 h ', ' 1h', '1hh', '1.h', '.5h', '1h30m', '9'.repeat(400)]) {
    assert.throws(() => parseDuration('x', text), { code: 'invalid_request' }, text)
  }
})

test('an id has one form, and fits its column', () => {
  assert.equal(parseKey('integer', '0'), 0)
  assert.equal(parseKey('integer', '2147483647'), 2_147_483_647)
  assert.equal(parseKey('integer', '2147483648'), null)
  assert.equal(parseKey('bigint', '9223372036854775807'), '9223372036854775807')
  assert.equal(parseKey('bigint', '9223372036854775808'), null)
  for (const text of [
    '1e0',
    '0x1',
    ' 1',
    '1 ',
    '1\n',
    '01',
    '+1',
    '-1',
    '1.0',
    '',
    'abc',
    '١',
    '1_000',
  ]) {
    assert.equal(parseKey('integer', text), null, text)
    assert.equal(parseKey('bigint', text), null, text)
  }
  const uuid = 'b0c9a7de-1111-4222-8333-444455556666'
  assert.equal(parseKey('uuid', uuid), uuid)
  for (const text of [uuid.slice(1), `${uuid}\n`, `{${uuid}}`, uuid.replaceAll('-', '')]) {
    assert.equal(parseKey('uuid', text), null, text)
  }
  assert.equal(parseKey('string', 'cl_9-x'), 'cl_9-x')
  for (const text of ['', 'a b', 'a\0', 'é', 'x'.repeat(255)]) {
    assert.equal(parseKey('string', text), null, text)
  }
})

test('numbers are ordered by value and texts by their characters', () => {
  assert.ok(compareKeys('integer', 9, 10) < 0)
  assert.ok(compareKeys('bigint', '9223372036854775807', '9223372036854775806') > 0)
  assert.equal(compareKeys('bigint', '5', 5n), 0)
  assert.ok(compareKeys('string', '9', '10') > 0)
})
