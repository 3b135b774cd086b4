import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createChecker } from './schema.ts'

const checker = createChecker({
  type: 'object',
  required: ['zeta', 'alpha'],
  properties: {
    zeta: { type: 'string' },
    alpha: { type: 'integer' },
    both: { type: ['string', 'null'] },
    list: { type: 'array', items: { type: 'string' } },
    inner: { type: 'object', required: ['x'], properties: { x: { type: 'number' } } },
    any: {},
  },
})

test('violations are in Elixir’s notation', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{}, '{"Required properties zeta, alpha were not present.", "#"}'],
    [{ zeta: 'z' }, '{"Required property alpha was not present.", "#"}'],
    [{ zeta: 1, alpha: 1 }, '{"Type mismatch. Expected String but got Integer.", "#/zeta"}'],
    [{ zeta: 'z', alpha: 1.5 }, '{"Type mismatch. Expected Integer but got Number.", "#/alpha"}'],
    [
      { zeta: 'z', alpha: 1, both: true },
      '{"Type mismatch. Expected String, Null but got Boolean.", "#/both"}',
    ],
    [
      { zeta: 'z', alpha: 1, list: ['a', 1] },
      '{"Type mismatch. Expected String but got Integer.", "#/list/1"}',
    ],
    [
      { zeta: 'z', alpha: 1, list: {} },
      '{"Type mismatch. Expected Array but got Object.", "#/list"}',
    ],
    [null, '{"Type mismatch. Expected Object but got Null.", "#"}'],
    ['x', '{"Type mismatch. Expected Object but got String.", "#"}'],
  ]
  for (const [value, problem] of cases)
    assert.equal(checker.explain(value), `{:error, [${problem}]}`)
})

test('properties come first, by name, then what is missing', () => {
  assert.equal(
    checker.explain({ zeta: null, inner: { x: 'y' }, both: [] }),
    '{:error, [{"Type mismatch. Expected String, Null but got Array.", "#/both"}, ' +
      '{"Type mismatch. Expected Number but got String.", "#/inner/x"}, ' +
      '{"Type mismatch. Expected String but got Null.", "#/zeta"}, ' +
      '{"Required property alpha was not present.", "#"}]}',
  )
  assert.equal(
    checker.explain({ zeta: 'z', alpha: 1, inner: {} }),
    '{:error, [{"Required property x was not present.", "#/inner"}]}',
  )
})

test('a list of a thousand wrong items gets a few violations', () => {
  const list = Array.from({ length: 1000 }, () => 1)
  assert.ok(checker.explain({ zeta: 'z', alpha: 1, list }).length < 2000)
})

test('a value is accepted exactly when there is nothing to explain', () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        zeta: fc.oneof(fc.string(), fc.jsonValue()),
        alpha: fc.oneof(fc.integer(), fc.jsonValue()),
        both: fc.oneof(fc.string(), fc.constant(null), fc.integer()),
        list: fc.array(fc.oneof(fc.string(), fc.integer())),
        inner: fc.record({ x: fc.oneof(fc.double(), fc.string()) }, { requiredKeys: [] }),
        any: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ),
  )
  fc.assert(
    fc.property(value, (given) => {
      assert.equal(checker.accepts(given), checker.explain(given) === '{:error, []}')
    }),
  )
})

test('what objects have anyway is no property', () => {
  const odd = createChecker({ type: 'object', required: ['constructor', 'toString'] })
  assert.equal(odd.accepts({}), false)
  assert.equal(odd.accepts(JSON.parse('{"constructor":1,"toString":2}')), true)
})
