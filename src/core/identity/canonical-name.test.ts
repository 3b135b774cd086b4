import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalName } from './canonical-name.ts'

const value = (text: string) => {
  const canonical = canonicalName(text)
  return canonical.ok ? canonical.value : null
}

for (const [what, typed, canonical] of [
  ['case', 'ADA', 'ada'],
  ['white space around it', ' \tAda\n', 'ada'],
  ['spaces within it', 'Ada \u00a0\u3000 Lovelace', 'ada lovelace'],
  ['composition', 'RE\u0301MI', 'r\u00e9mi'],
  ['full-width letters', '\uff21\uff44\uff41\uff11', 'ada1'],
  ['half-width kana', '\uff8a\uff9e', '\u30d0'],
  ['the Turkish capital I', '\u0130stanbul', 'istanbul'],
  ['the final sigma', '\u039f\u0394\u039f\u03a3', '\u03bf\u03b4\u03bf\u03c2'],
  ['the Kelvin sign', '\u212aim', 'kim'],
] as const) {
  test(`names are equal regardless of ${what}`, () => assert.equal(value(typed), canonical))
}

for (const [what, name] of [
  ['an apostrophe', "o'brien"],
  ['Thai with sara am', '\u0e19\u0e49\u0e33'],
  ['Persian with a non-joiner between joining letters', '\u0645\u06cc\u200c\u062e'],
  ['a joiner after a virama', '\u0915\u094d\u200d\u0937'],
  ['a non-joiner after a virama', '\u0915\u094d\u200c\u0937'],
  ['Japanese with Latin', '\u65e5\u672c\u3072\u3089\u30ab\u30bf ada'],
  ['Korean with Latin', '\ud55c\uad6d ada'],
  ['Chinese with bopomofo and Latin', '\u4e2d\u3105 ada'],
  ['Cyrillic alone', '\u0438\u0432\u0430\u043d 2'],
  ['emoji', 'ada\u{1f642}'],
  ['digits alone', '007'],
  ['254 characters', 'a'.repeat(254)],
] as const) {
  test(`a name may have ${what}`, () => assert.equal(value(name), name))
}

for (const [name, reason] of [
  ['', 'is empty'],
  [' \u3000 ', 'is empty'],
  ['a'.repeat(255), 'is too long'],
  ['a'.repeat(100_000), 'is too long'],
  ['victim@corp.example', 'has an @, which only an e-mail address has'],
  ['victim\uff20corp.example', 'has an @, which only an e-mail address has'],
  ['\ufb01ne', 'has a character that is another form of an ordinary one'],
  ['\u{1d41a}da', 'has a character that is another form of an ordinary one'],
  ['\u0301ada', 'has a combining mark without a letter'],
  ['ada \u0301', 'has a combining mark without a letter'],
  ['a\u0301\u0301da', 'has too many combining marks on a letter'],
  ['a\u0323\u0331\u0330\u0301\u0302da', 'has too many combining marks on a letter'],
  ['\u0430da', 'mixes letters of different scripts'],
  ['ad\u03b1', 'mixes letters of different scripts'],
  ['\u0438\u03b1', 'mixes letters of different scripts'],
  ['\u3105\uac00', 'mixes letters of different scripts'],
  ...['a\0', 'a\nb', 'a\u2028b', 'a\ud800', '\ue000', '\u0378', 'a\ufffdb'].map(
    (name) => [name, 'has a character that is not text'] as const,
  ),
]) {
  test(`not a name: ${JSON.stringify(name.slice(0, 40))} ${reason}`, () => {
    assert.deepEqual(canonicalName(name), { ok: false, reason })
  })
}

for (const hidden of [
  ...['\u3164', '\ufe0f', '\u034f', '\u200d', '\u200c', '\u2800', '\u115f', '\u1160', '\uffa0'],
  ...['\u17b4', '\u180b', '\u{e0100}', '\u200b', '\u00ad', '\u2060', '\u202e', '\u2066'],
  ...['\u{1d159}', '\u{16fe4}', '\u{e0041}'],
]) {
  test(`U+${hidden.codePointAt(0)?.toString(16).toUpperCase()} is refused in a name`, () => {
    for (const name of [hidden, `ad${hidden}a`, `ada${hidden}`]) {
      assert.deepEqual(canonicalName(name), { ok: false, reason: 'has an invisible character' })
    }
  })
}

test('a byte order mark is white space at either end, and refused inside a name', () => {
  assert.equal(value('\ufeffada'), 'ada')
  assert.equal(value('ad\ufeffa'), null)
})

test('a combining dot over a letter that has a dot makes no difference', () => {
  assert.equal(value('i\u0307da'), 'ida')
  for (const name of ['i\u0307\u0307da', '\u0131\u0307da', 'i\u0331\u0307da']) {
    assert.equal(value(name), null)
  }
})

// Letters of many scripts, marks, joiners and rare characters, so that mixtures are frequent.
const odd = fc.constantFrom(
  ...'aAiIsS\u0130\u03a3\u03c3\u00df\u1e9e\u212a\u01c5\u0149\u0915\u094d\u0937\u0645\u06cc\u062e\u30ab\u3099\uff8a\uff9e',
  ...'\u0307\u0301\u0327\u200c\u200d\u0131\u1100\u1161\u11a8\uac00\u0e33\u13a0\uab70\u1c80\uff21\uff20\uffe3 \u3000\u00a0',
)
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: odd }),
)

test('a canonical form is its own canonical form, for any text', () => {
  fc.assert(
    fc.property(text, (typed) => {
      const name = value(typed)
      if (name !== null) assert.equal(value(name), name)
    }),
    { numRuns: 5000 },
  )
})

test('names that differ only by case, composition or spaces are equal', () => {
  fc.assert(
    fc.property(text, (typed) => {
      const name = value(typed)
      if (name === null) return
      assert.equal(value(name.normalize('NFD')), name)
      assert.equal(value(` ${name.replaceAll(' ', '\u3000\u2003')} `), name)
    }),
    { numRuns: 2000 },
  )
})

const ignorable: string[] = []
for (let code = 0; code < 0x110000; code++) {
  if (code >= 0xd800 && code < 0xe000) continue
  const char = String.fromCodePoint(code)
  if (/\p{Default_Ignorable_Code_Point}/u.test(char)) ignorable.push(char)
}

test('no ignorable character makes another name, except a joiner after a virama or between joining letters', () => {
  for (const char of ignorable) {
    assert.equal(value(`ad${char}a`), null)
    assert.equal(value(`\u0438${char}\u0432`), null)
  }
  const anyIgnorable = fc.constantFrom(...ignorable)
  fc.assert(
    fc.property(text, anyIgnorable, fc.nat(), (typed, char, where) => {
      const name = value(typed)
      if (name === null) return
      const at = where % (name.length + 1)
      const other = value(name.slice(0, at) + char + name.slice(at))
      assert.ok(other === null || other === name || /[\u200c\u200d]/.test(char))
    }),
    { numRuns: 5000 },
  )
})
