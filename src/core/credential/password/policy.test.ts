import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkPassword } from './policy.ts'

const TOO_SHORT = /at least 8 characters/
const TOO_LONG = /at most 1024 characters/
const COMMON = /most common/
const CLOSE = /too similar to a name/

const accepted: readonly [string, string][] = [
  ['8 characters', 'k7wq zpf'],
  ['8 emoji', '\u{1F600}\u{1F601}\u{1F602}\u{1F603}\u{1F604}\u{1F605}\u{1F606}\u{1F607}'],
  ['1,024 characters', 'k7wq'.repeat(256)],
  ['1,024 emoji', '\u{1F600}'.repeat(1024)],
  ['1,024 characters that come in two parts', 'e\u0301'.repeat(1024)],
  ['only small letters', 'correct horse battery staple'],
  ['a NUL', 'k7wq\0zpfm'],
  ['more than 72 bytes', 'k7wq zpf '.repeat(10)],
  ['a common password with a letter more', 'password1234x'],
]
for (const [name, password] of accepted) {
  test(`accepts ${name}`, () => {
    assert.equal(checkPassword(password), null)
  })
}

const refused: readonly [string, string, RegExp][] = [
  ['the empty password', '', TOO_SHORT],
  ['7 characters', 'k7wq zp', TOO_SHORT],
  ['7 emoji', '\u{1F600}\u{1F601}\u{1F602}\u{1F603}\u{1F604}\u{1F605}\u{1F606}', TOO_SHORT],
  ['7 characters that come in two parts', 'e\u0301'.repeat(7), TOO_SHORT],
  ['1,025 characters', `${'k7wq'.repeat(256)}x`, TOO_LONG],
  ['1,025 emoji', '\u{1F600}'.repeat(1025), TOO_LONG],
  ['a million characters', 'x'.repeat(1_000_000), TOO_LONG],
  ['a lone surrogate', 'k7wq zpf\ud800', /not valid text/],
  ['a common password', 'baseball', COMMON],
  ['a common password in capitals', 'BaseBall', COMMON],
  ['the product name', 'latchkey', CLOSE],
  ['the product name with a year', 'Latchkey2026', CLOSE],
]
for (const [name, password, reason] of refused) {
  test(`refuses ${name}`, () => {
    assert.match(checkPassword(password) ?? 'accepted', reason)
  })
}

test('without the block list, short and common passwords pass', () => {
  const policy = { minLength: 1, blocklist: false }
  for (const password of ['p', 'secret', 'password1', 'latchkey']) {
    assert.equal(checkPassword(password, policy), null)
  }
  assert.match(checkPassword('', policy) ?? 'accepted', /at least 1 /)
})

const contextWords = ['Ada Lovelace', 'quentessa', 'augusta.king@example.org', 'Bo', 'Zo\u00eb']

for (const password of [
  'quentessa',
  'QUENTESSA',
  'quentessa1',
  '1quentessa!',
  'quentessa2026',
  '!!quentessa!!',
  'Ada Lovelace',
  'adalovelace',
  'lovelace7',
  'Lovelace 12',
  'augusta.king',
  'augusta.king99',
  'augusta.king@example.org',
]) {
  test(`${password} is too similar to a name of the actor`, () => {
    assert.match(checkPassword(password, { contextWords }) ?? 'accepted', CLOSE)
  })
}

for (const password of [
  'quentessa12345',
  'quentessax',
  'my quentessa',
  'bo123456789x',
  'zo\u00eb-2026x',
  'quentessa quentessa',
]) {
  test(`${password} is different enough from the names of the actor`, () => {
    assert.equal(checkPassword(password, { contextWords }), null)
  })
}

test('names of three characters are ignored, names of four are checked', () => {
  const policy = { minLength: 1, blocklist: false }
  assert.equal(checkPassword('zo\u00eb1', { ...policy, contextWords }), null)
  assert.match(
    checkPassword('ada\u{1F600}1', { ...policy, contextWords: ['Ada\u{1F600}'] }) ?? '',
    CLOSE,
  )
})

test('composed and decomposed text get the same result', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.array(fc.string()), (password, words) => {
      const policy = { contextWords: words }
      assert.equal(
        checkPassword(password.normalize('NFD'), policy),
        checkPassword(password.normalize('NFC'), policy),
      )
    }),
  )
})

test('any text gets a result', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.array(fc.string()), (password, words) => {
      const reason = checkPassword(password, { contextWords: words })
      assert.ok(reason === null || reason.endsWith('.'))
    }),
  )
})
