import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalIdentity, isEmail } from './actor.ts'

test('an identity is compared in NFC, trimmed and in lower case', () => {
  assert.equal(canonicalIdentity('  Ada  '), 'ada')
  assert.equal(canonicalIdentity('RE\u0301MI'), 'r\u00e9mi')
  assert.equal(canonicalIdentity('Ada@Example.ORG'), 'ada@example.org')
})

test('the canonical form of a canonical form is itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const canonical = canonicalIdentity(text)
      if (canonical !== null) assert.equal(canonicalIdentity(canonical), canonical)
    }),
  )
})

test('an identity that is empty, too long or contains control characters is refused', () => {
  const odd = ['', '   ', 'a'.repeat(255), 'a\nb', 'a\0', 'a\u2028b', 'a\ud800', 'a\u200e\u0007']
  for (const text of odd) assert.equal(canonicalIdentity(text), null, JSON.stringify(text))
  assert.equal(canonicalIdentity('a'.repeat(254)), 'a'.repeat(254))
})

test('an identity with an @ is an e-mail address', () => {
  assert.equal(isEmail('ada@example.org'), true)
  assert.equal(isEmail('ada'), false)
})

test('an identity with invisible characters is refused, but joiners inside a script that uses them are accepted', () => {
  for (const odd of [
    'a\u200bda',
    'ada\u00ad',
    'a\u2060da',
    '\u202eada',
    'ada\u2066x',
    'a\ufeffda',
  ]) {
    assert.equal(canonicalIdentity(odd), null, JSON.stringify(odd))
  }
  assert.equal(canonicalIdentity('\u0645\u06cc\u200c\u062e'), '\u0645\u06cc\u200c\u062e')
})
