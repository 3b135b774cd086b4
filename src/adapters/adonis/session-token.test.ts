import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { createSecret, formatToken, hasChecksum, hashSecret, parseToken } from './session-token.ts'

/** Made by the classes of `@adonisjs/auth` and of castle, with the random part given. */
const VECTORS = [
  {
    id: '1',
    prefix: 'oat_',
    seed: 'a'.repeat(40),
    crc: 3378219557,
    hash: 'd9c01f7f8b19adbe0566095dd4e4f4276352c66220994bd2ef217879669e829d',
    value: 'oat_MQ.YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYTMzNzgyMTk1NTc',
  },
  {
    id: '42',
    prefix: 'oat_',
    seed: 'The-quick_brown-fox_jumps-over_the-lazy-dog0123456789ABCDEFGHIJK',
    crc: 3919222236,
    hash: '4c7f4dfa20852efc7ea89ead91a1b095304aadc198f2f858751143a944daa633',
    value:
      'oat_NDI.VGhlLXF1aWNrX2Jyb3duLWZveF9qdW1wcy1vdmVyX3RoZS1sYXp5LWRvZzAxMjM0NTY3ODlBQkNERUZHSElKSzM5MTkyMjIyMzY',
  },
  {
    id: 'b0c9a7de-1111-4222-8333-444455556666',
    prefix: 'sess_',
    seed: 'ZzYyXxWwVvUuTtSsRrQqPpOoNnMmLlKkJjIiHhGgFfEeDdCcBbAa-_0123456789',
    crc: 2374971426,
    hash: '8ddf280ec030b5913ceba709a7fdbc48f71f29c1feda0603413d2c6cd5316138',
    value:
      'sess_YjBjOWE3ZGUtMTExMS00MjIyLTgzMzMtNDQ0NDU1NTU2NjY2.WnpZeVh4V3dWdlV1VHRTc1JyUXFQcE9vTm5NbUxsS2tKaklpSGhHZ0ZmRWVEZENjQmJBYS1fMDEyMzQ1Njc4OTIzNzQ5NzE0MjY',
  },
]

test('tokens are those of AdonisJS and castle, character by character', () => {
  for (const { id, prefix, seed, crc, hash, value } of VECTORS) {
    assert.equal(crc32(seed), crc)
    const secret = seed + crc
    assert.equal(hashSecret(secret), hash)
    assert.equal(formatToken(prefix, { id, secret }), value)
    assert.deepEqual(parseToken(prefix, value), { id, secret })
    assert.ok(hasChecksum(secret))
  }
})

test('the remember-me token of AdonisJS has no prefix and no checksum', () => {
  const token = parseToken('', 'NQ.UlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUg')
  assert.deepEqual(token, { id: '5', secret: 'R'.repeat(40) })
  assert.equal(
    hashSecret('R'.repeat(40)),
    'd5ad7e71d189c13ce2b07e30203c8cc7cfdb0d86c4844467deaf4a7511532bd8',
  )
})

test('what is not a token is null', () => {
  for (const text of [
    '',
    'oat_',
    'oat_MQ',
    'oat_MQ.',
    'oat_.abc',
    'xat_MQ.YWJj',
    'oat_MQ.YWJj.ZGVm',
    'oat_!!.YWJj',
    'oat_MQ.%%%',
    'oat_M Q.YWJj',
    'oat_MQ==.YWJj',
    'oat_MR.YWJj',
    'oat_MQ.YWJ',
    ' oat_MQ.YWJj',
    'oat_MQ.YWJj\n',
    'oat_MQ.gICA',
    `oat_MQ.${'YWJj'.repeat(1000)}`,
    null,
    undefined,
    1,
    ['oat_MQ.YWJj'],
  ]) {
    assert.equal(parseToken('oat_', text), null, String(text))
  }
  assert.deepEqual(parseToken('oat_', 'oat_MQ.YWJj'), { id: '1', secret: 'abc' })
})

test('a prefix is text, not a pattern', () => {
  const token = { id: '1', secret: 'abc' }
  for (const prefix of ['a+b_', '.*', 'a.b']) {
    assert.deepEqual(parseToken(prefix, formatToken(prefix, token)), token)
  }
  assert.equal(parseToken('.*', 'oat_MQ.YWJj'), null)
})

test('a new secret has the size asked for, and its checksum', () => {
  fc.assert(
    fc.property(fc.integer({ min: 22, max: 512 }), (size) => {
      const secret = createSecret(size)
      assert.match(secret.slice(0, size), /^[\w-]+$/)
      assert.equal(secret.slice(size), String(crc32(secret.slice(0, size))))
      assert.ok(hasChecksum(secret))
    }),
  )
})

test('a changed character fails the checksum', () => {
  const secret = createSecret(64)
  for (let at = 0; at < secret.length; at++) {
    const other = secret[at] === '0' ? '1' : '0'
    const changed = secret.slice(0, at) + other + secret.slice(at + 1)
    assert.equal(hasChecksum(changed), false, changed)
  }
  for (const text of ['', '0', '1', 'abc', String(crc32(''))])
    assert.equal(hasChecksum(text), false)
})

test('whatever parses is written the same way again', () => {
  const part = fc.string({ minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(part, part, (id, secret) => {
      const text = formatToken('oat_', { id, secret })
      const parsed = parseToken('oat_', text)
      if (parsed !== null) assert.equal(formatToken('oat_', parsed), text)
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'oat_.MQYWJj-=+/ ') }), (text) => {
      const parsed = parseToken('', text)
      if (parsed !== null) assert.equal(formatToken('', parsed), text)
    }),
  )
})
