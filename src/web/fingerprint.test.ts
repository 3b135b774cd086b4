import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainVerifier, webUser } from '../../test/support/web/request.ts'
import { fingerprint, fingerprintOf, imiaDigest, keysOf } from './fingerprint.ts'
import { keptKeys } from './fingerprint-keys.ts'
import { LoginManager } from './login-manager.ts'
import { inMemoryUsers } from './user-provider.ts'

test('the digests of imia are those of the original', () => {
  const vectors = [
    ['key!', 'pa$$word', 'dbdf3447a1bfe2e8f2d7a9e3968655e70709a3b6'],
    ['', 'pa$$word', '3c46b23f730b796bee5b6037e575e5ee0653a6bc'],
    ['s3cret', '$2b$12$abcdefghijklmnopqrstuv', 'c7ba7d92cd06edbeb1b8a854039cf26b127d2fd0'],
  ] as const
  for (const [key, stored, digest] of vectors) assert.equal(imiaDigest(key, stored), digest)
})

test('a fingerprint depends on the key and the hash, and contains neither', () => {
  const one = fingerprint('key', 'hash')
  assert.match(one, /^[\w-]{43}$/)
  assert.notEqual(one, fingerprint('other', 'hash'))
  assert.notEqual(one, fingerprint('key', 'other'))
})

test('the fingerprint of a user follows the stored hash, and the text that a provider gives instead', () => {
  const user = webUser(1, 'ada')
  const users = inMemoryUsers([user])
  const before = fingerprintOf(users, user, 'key')
  assert.equal(fingerprintOf(users, user, 'key'), before)
  assert.notEqual(fingerprintOf(users, user, 'other'), before)
  user.hash = 'hashed again'
  assert.notEqual(fingerprintOf(users, user, 'key'), before)
  const counted = { ...users, passwordFingerprint: () => 'changes: 3' }
  const withCounter = fingerprintOf(counted, user, 'key')
  user.hash = 'rehashed'
  assert.equal(fingerprintOf(counted, user, 'key'), withCounter)
})

test('an empty key is refused, and the keys of a provider are those of its manager', () => {
  for (const key of ['', [], ['a', '']]) {
    assert.throws(() => keysOf(key), { code: 'invalid_request' })
  }
  const users = inMemoryUsers([webUser(1, 'ada')])
  assert.throws(() => keptKeys(users), { code: 'invalid_request' })
  new LoginManager(users, plainVerifier, ['new', 'old'])
  assert.deepEqual(keptKeys(users), ['new', 'old'])
})
