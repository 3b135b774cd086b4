import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parameterNames } from './parameter-names.ts'
import { mapParameters } from './parameters.ts'
import { readUserCommand } from './user-command.ts'

type Fn = (...args: never[]) => unknown

/** A function from its source, as one word of a program. */
function made(source: string): Fn {
  return new Function(`return (${source})`)() as Fn
}

const IDENTIFIERS = ['a', 'b1', '$', '_x', 'state', 'callback', 'async', 'get', 'ü', 'let2', 'of']

const identifier = fc.constantFrom(...IDENTIFIERS)
const names = fc.uniqueArray(identifier, { maxLength: 6 })
const filler = fc.constantFrom('', ' ', '\n', '/* , ) */', '// ( ,\n', '/* a = "*" */')
const fallback = fc.constantFrom(
  '',
  ' = 1',
  ' = ")"',
  " = ','",
  ' = (1, 2)',
  ' = { x: [1, { y: ")" }], z: (0) }',
  ' = [1, 2, ","]',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source of a template.
  ' = `a,${[1, ")"].join()})`',
  " = '\\'),('",
  ' = () => ({ a: 1, b: [2] })',
  ' = function (x, y) { return x }',
)

const shapes: readonly ((list: string) => string)[] = [
  (list) => `function (${list}) { return "(x, y)" }`,
  (list) => `function name(${list}) { /* ( */ }`,
  (list) => `async function (${list}) {}`,
  (list) => `async function named (${list}) {}`,
  (list) => `function* (${list}) {}`,
  (list) => `(${list}) => ({ a: 1, b: 2 })`,
  (list) => `async (${list}) => (1, 2)`,
  (list) => `({ execute(${list}) {} }).execute`,
  (list) => `({ async execute(${list}) {} }).execute`,
  (list) => `({ 'quoted (x, y)'(${list}) {} })['quoted (x, y)']`,
  (list) => `({ ['com' + (0, 'puted')](${list}) {} }).computed`,
  (list) => `(class { static async execute(${list}) {} }).execute`,
]

test('the names of parameters are read whatever stands around them', () => {
  const parameters = names.chain((list) =>
    fc.tuple(...list.map((name) => fc.tuple(fc.constant(name), filler, fallback, filler))),
  )
  fc.assert(
    fc.property(parameters, fc.constantFrom(...shapes), filler, (list, shape, last) => {
      const text = list.map(([name, before, value, after]) => `${before}${name}${after}${value}`)
      const source = shape(text.join(',') + last)
      assert.deepEqual(
        parameterNames(made(source)),
        list.map(([name]) => name),
        source,
      )
    }),
    { numRuns: 2000 },
  )
})

test('an arrow without parentheses has one parameter', () => {
  assert.deepEqual(parameterNames(made('state => state')), ['state'])
  assert.deepEqual(parameterNames(made('async state => (1, 2)')), ['state'])
  assert.deepEqual(parameterNames(made('async => (1, 2)')), ['async'])
  assert.deepEqual(parameterNames(made('state /* (a, b) */ => state')), ['state'])
})

test('what has no name is null, and a native function tells nothing', () => {
  assert.deepEqual(parameterNames(made('(state, { a, b: [c] }, [d, e], ...rest) => 1')), [
    'state',
    null,
    null,
    null,
  ])
  assert.equal(parameterNames(Math.max), null)
  assert.equal(parameterNames(made('(a, b) => 1').bind(null)), null)
})

test('parameters by name: own properties only, nothing else', () => {
  fc.assert(
    fc.property(names, fc.object(), (list, given) => {
      const values = mapParameters(list, given)
      assert.equal(values?.length, list.length)
      list.forEach((name, at) => {
        assert.deepEqual(values[at], Object.hasOwn(given, name) ? given[name] : undefined)
      })
    }),
  )
  const inherited = ['constructor', '__proto__', 'toString', 'hasOwnProperty']
  assert.deepEqual(mapParameters(inherited, {}), [undefined, undefined, undefined, undefined])
  assert.deepEqual(mapParameters(['__proto__'], JSON.parse('{"__proto__":1}')), [1])
})

test('parameters by position: padded, never cut', () => {
  fc.assert(
    fc.property(names, fc.array(fc.jsonValue()), (list, given) => {
      const values = mapParameters(list, given)
      if (given.length > list.length) assert.equal(values, null)
      else
        assert.deepEqual(values, [...given, ...Array(list.length - given.length).fill(undefined)])
    }),
  )
})

test('anything else is no parameters', () => {
  for (const given of [undefined, null, 1, 'a', true, () => 1]) {
    assert.equal(mapParameters(['a'], given), null)
  }
})

test('a command is read as its module exports it', () => {
  const read = (exported: unknown) => readUserCommand('m', 'c', exported)
  const shape = (exported: unknown) => {
    const { params, takesCallback } = read(exported)
    return [params, takesCallback]
  }
  const execute = (source: string) => ({ execute: made(source) })
  assert.deepEqual(shape(execute('function (state, a, b, callback) {}')), [['a', 'b'], true])
  assert.deepEqual(shape(execute('(state, cb) => {}')), [[], true])
  assert.deepEqual(shape(execute('async (_state, a, callback) => {}')), [['a', 'callback'], false])
  assert.deepEqual(shape(execute('() => {}')), [[], false])
  assert.deepEqual(shape(execute('(anything) => {}')), [[], false])
  assert.deepEqual(shape({ ...execute('(...args) => {}'), params: ['x', 'y'] }), [
    ['x', 'y'],
    false,
  ])
  assert.deepEqual(shape({ ...execute('(s, { x }, done) => {}'), params: ['x'] }), [['x'], true])
  assert.deepEqual(shape({ ...execute('async (s, a, b) => {}'), params: ['x'] }), [['x'], false])
  assert.deepEqual(shape({ default: { default: execute('async (state, a) => {}') } }), [
    ['a'],
    false,
  ])
  assert.deepEqual(shape(made('class { static async execute(state, a) {} }')), [['a'], false])
})

test('what is no command is refused by name', () => {
  const wrong: unknown[] = [
    null,
    1,
    {},
    { default: null },
    { execute: 1 },
    { execute: () => 1, acl: 'user' },
    { execute: (_state: unknown) => 1, timeout: -1 },
    { execute: (_state: unknown) => 1, timeout: 2 ** 31 },
    { execute: (_state: unknown) => 1, params: 'a' },
    { execute: (_state: unknown) => 1, params: [1] },
    { execute: (name: unknown, callback: () => void) => [name, callback], acl: [] },
    { execute: (callback: () => void) => callback() },
    { execute: ((a: unknown) => a).bind(null) },
  ]
  for (const exported of wrong) {
    assert.throws(() => readUserCommand('players', 'odd', exported), /players\.odd/)
  }
})
