import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { hashSecret, keyedHash, randomText, sameDigest, seal, unseal } from './secret.ts'

test('random text has the requested length, and uses letters and digits only, and all of them', () => {
  for (const length of [0, 1, 43, 5000]) assert.equal(randomText(length).length, length)
  const long = randomText(20_000)
  assert.match(long, /^[0-9A-Za-z]+$/)
  assert.equal(new Set(long).size, 62)
})

test('random text is never repeated, also across refills of the pool', () => {
  const texts = Array.from({ length: 20_000 }, () => randomText(22))
  assert.equal(new Set(texts).size, texts.length)
})

test('every character of random text is equally likely', () => {
  const counts = new Map<string, number>()
  for (const character of randomText(62_000)) {
    counts.set(character, (counts.get(character) ?? 0) + 1)
  }
  // 1,000 of each are expected with a deviation of 32: a difference of six deviations occurs once
  // in millions of runs.
  for (const [character, count] of counts) {
    assert.ok(Math.abs(count - 1000) < 200, `${character}: ${count}`)
  }
})

test('a secret is hashed with SHA-256 to 43 characters', () => {
  const digest = createHash('sha256').update('abc').digest('base64url')
  assert.equal(hashSecret('abc'), digest)
  assert.equal(hashSecret('abc').length, 43)
})

test('digests are equal only if every character is', () => {
  const digest = fc.string({ minLength: 0, maxLength: 50 })
  fc.assert(
    fc.property(digest, digest, (a, b) => {
      assert.equal(sameDigest(a, b), a === b)
      assert.equal(sameDigest(a, a), true)
    }),
  )
  const real = hashSecret('abc')
  for (let at = 0; at < real.length; at++) {
    assert.equal(sameDigest(real, `${real.slice(0, at)}~${real.slice(at + 1)}`), false)
  }
  assert.equal(sameDigest(real, real.slice(0, -1)), false)
})

test('a keyed hash depends on the key and on the text, and has 22 characters', () => {
  assert.equal(keyedHash('key', 'text'), keyedHash('key', 'text'))
  assert.notEqual(keyedHash('key', 'text'), keyedHash('other', 'text'))
  assert.notEqual(keyedHash('key', 'text'), keyedHash('key', 'other'))
  assert.equal(keyedHash('key', 'text').length, 22)
})

test('sealed text is opened by the same secret and context, and is not readable', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.string(),
      fc.string(),
      (text, secret, about) => {
        assert.equal(unseal(seal(text, secret, about), secret, about), text)
      },
    ),
  )
  assert.notEqual(seal('text', 's', 'c'), seal('text', 's', 'c'))
  assert.ok(!Buffer.from(seal('a plain text', 's', 'c'), 'base64url').includes('plain'))
})

test('another secret or another context returns null', () => {
  const sealed = seal('text', 'secret', 'context')
  assert.equal(unseal(sealed, 'secreT', 'context'), null)
  assert.equal(unseal(sealed, 'secret', 'contexT'), null)
})

test('a seal with any bit changed, truncated or forged returns null', () => {
  const bytes = Buffer.from(seal('text', 'secret', 'context'), 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes)
    const at = bit >> 3
    changed[at] = (changed[at] ?? 0) ^ (1 << (bit & 7))
    assert.equal(unseal(changed.toString('base64url'), 'secret', 'context'), null, `bit ${bit}`)
  }
  for (let length = 0; length < bytes.length; length++) {
    const cut = bytes.subarray(0, length).toString('base64url')
    assert.equal(unseal(cut, 'secret', 'context'), null)
  }
  fc.assert(fc.property(fc.string(), (any) => assert.equal(unseal(any, 's', 'c'), null)))
})
