import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { orderedJson, utcSeconds } from './json.ts'

test('keys are in order at every level, and nothing else changes', () => {
  assert.equal(
    orderedJson({ b: [{ d: 1, c: 'é/' }], a: { z: null, y: undefined } }),
    '{"a":{"z":null},"b":[{"c":"é/","d":1}]}',
  )
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = orderedJson(value)
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)))
      assert.ok(!text.includes('\n'))
    }),
  )
})

test('a key named like a prototype is a key', () => {
  const text = '{"__proto__":{"b":1},"a":2}'
  assert.equal(orderedJson(JSON.parse(text)), text)
})

test('times have seconds and no more', () => {
  assert.equal(utcSeconds(Date.UTC(2024, 8, 6, 14, 31, 51, 999)), '2024-09-06T14:31:51Z')
})
