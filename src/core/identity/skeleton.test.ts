import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalName } from './canonical-name.ts'
import { isHighlyRestrictive, scriptsOf } from './scripts.ts'
import { sameLookOtherScript, skeleton, skeletons } from './skeleton.ts'

for (const [a, b] of [
  ['\u0430\u0441\u0435', 'ace'],
  ['\u0440\u0430\u0443', 'pay'],
  ['\u0430\u0442\u043e\u043c', 'atom'],
  ['\u03b1\u03c4\u03bf\u03bc', 'atom'],
  ['\u0442\u043e\u0442', '\u03c4\u03bf\u03c4'],
  ['\u0430 1', 'a 1'],
] as const) {
  test(`${a} can look like ${b} of another script`, () => {
    for (const name of [a, b]) assert.deepEqual(canonicalName(name), { ok: true, value: name })
    assert.equal(sameLookOtherScript(a, b), true)
    assert.equal(sameLookOtherScript(b, a), true)
  })
}

for (const [a, b, why] of [
  ['modern', 'modem', 'both are Latin'],
  ['lll', 'iii', 'both are Latin'],
  ['101', 'lol', 'a name without letters is of any script'],
  ['\u3078\u3078', '\u30d8\u30d8', 'hiragana and katakana are written together'],
  ['\u4e00', '\u30fc', 'the mark of length has no script of its own'],
  ['\u0438\u0432\u0430\u043d', 'ivan', 'they do not look alike'],
  ['\u0430\u0441\u0435', '\u0430\u0441\u0435', 'they are one name'],
] as const) {
  test(`${a} is allowed beside ${b}: ${why}`, () => {
    assert.equal(sameLookOtherScript(a, b), false)
  })
}

test('a skeleton is computed as UTS 39 defines it', () => {
  assert.equal(skeleton('modern'), 'rnodern')
  assert.equal(skeleton('\u0440\u0430\u0443\u0440\u0430l'), skeleton('paypal'))
  assert.equal(skeleton('r\u00e9mi'), skeleton('re\u0301rni'))
  assert.equal(skeleton('a\u200d\u0301'), skeleton('\u00e1'))
  assert.deepEqual(skeletons('modern'), ['rnodern', 'MODERN'])
  assert.deepEqual(skeletons('007'), ['OO7'])
})

test('every character of the runtime is of a listed script', () => {
  for (let code = 0; code < 0x110000; code++) {
    if (code >= 0xd800 && code < 0xe000) continue
    const char = String.fromCodePoint(code)
    if (/[\p{Cn}\p{Co}]/u.test(char)) continue
    assert.equal(isHighlyRestrictive(char), true, code.toString(16))
  }
})

test('the scripts of a text are those in which all of it can be written', () => {
  assert.equal(scriptsOf('12-3'), null)
  assert.deepEqual(scriptsOf('ada 1'), ['Latn'])
  assert.deepEqual(scriptsOf('\u65e5'), ['Hani', 'Jpan', 'Hanb', 'Kore'])
  assert.deepEqual(scriptsOf('\u65e5\u306e'), ['Jpan'])
  assert.deepEqual(scriptsOf('\u65e5\u306eada'), ['Latn', 'Jpan'])
  assert.deepEqual(scriptsOf('\u0430da'), [])
})
