import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nullable, number, oneOf, type SettingCheck, texts, truth, whole } from './setting-check.ts'

const CASES: readonly [SettingCheck<unknown>, readonly unknown[], readonly unknown[]][] = [
  [whole(1, 9), [1, 9, 5], [0, 10, 1.5, '5', null, Number.NaN, true, {}]],
  [whole(0, Number.MAX_SAFE_INTEGER), [2 ** 53 - 1], [2 ** 53, Number.POSITIVE_INFINITY, -1]],
  [number(0, 1), [0, 1, 0.5], [-0.1, 1.1, '0.5', Number.NaN, null]],
  [truth, [true, false], [0, 1, 'true', null]],
  [oneOf('a', 'b'), ['a', 'b'], ['c', '', null, ['a']]],
  [texts(2, 3), [[], ['abc'], ['a', 'b']], [['abcd'], [''], ['a', 'b', 'c'], 'abc', [1], null]],
  [nullable(whole(1, 2)), [null, 1], [undefined, 0, 'null']],
]

test('a check accepts its values and no others', () => {
  for (const [check, good, bad] of CASES) {
    for (const value of good) assert.ok(check.accepts(value), `${check.message}: ${value}`)
    for (const value of bad) assert.ok(!check.accepts(value), `${check.message}: ${value}`)
  }
})

test('the message contains the range', () => {
  assert.equal(nullable(whole(1, 9)).message, 'must be a whole number from 1 to 9, or null')
  assert.equal(oneOf('a', 'b').message, 'must be one of a, b')
})
