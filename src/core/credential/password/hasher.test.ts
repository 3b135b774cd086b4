import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Argon2Input, type DeriveArgon2, deriveArgon2 } from './argon2.ts'
import { createPasswordHasher, type PasswordHasherOptions } from './hasher.ts'

const CHEAP = { memoryKiB: 64, passes: 1 } as const
const YES = { ok: true, rehash: false }
const NO = { ok: false, rehash: false }

/** A hasher that records the argon2 work it has done. */
function createCounted(options: PasswordHasherOptions = {}) {
  const done: Pick<Argon2Input, 'memoryKiB' | 'passes' | 'tagBytes'>[] = []
  const derive: DeriveArgon2 = (input) => {
    done.push({ memoryKiB: input.memoryKiB, passes: input.passes, tagBytes: input.tagBytes })
    return deriveArgon2(input)
  }
  return { hasher: createPasswordHasher({ ...CHEAP, derive, ...options }), done }
}

const ONE_FULL = { memoryKiB: 64, passes: 1, tagBytes: 32 }

test('the default hash is argon2id with 19 MiB, two passes, a salt of 16 bytes and a tag of 32', async () => {
  const hasher = createPasswordHasher()
  const stored = await hasher.hash('correct horse')
  assert.match(stored, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  assert.deepEqual(await hasher.verify('correct horse', stored), YES)
  assert.deepEqual(await hasher.verify('correct horsf', stored), NO)
  assert.notEqual(await hasher.hash('correct horse'), stored)
})

test('a password is used in NFC, and otherwise exactly as received', async () => {
  const { hasher } = createCounted()
  const stored = await hasher.hash('re\u0301sume\u0301 1')
  assert.deepEqual(await hasher.verify('r\u00e9sum\u00e9 1', stored), YES)
  assert.deepEqual(await hasher.verify('resume 1', stored), NO)
  const compatible = await hasher.hash('\ufb01ne')
  assert.deepEqual(await hasher.verify('fine', compatible), NO)
})

for (const [name, password, other] of [
  ['72 and 73 bytes', 'x'.repeat(72), 'x'.repeat(73)],
  ['the last of 1,024 characters', `${'x'.repeat(1023)}a`, `${'x'.repeat(1023)}b`],
  ['what follows a NUL', 'a\0b', 'a\0c'],
  ['a space at the end', 'secret', 'secret '],
  ['letter case', 'Secret', 'secret'],
  ['skin tone', '\u{1F44D}\u{1F3FD}', '\u{1F44D}\u{1F3FE}'],
] as const) {
  test(`distinguishes passwords by ${name}`, async () => {
    const { hasher } = createCounted()
    const stored = await hasher.hash(password)
    assert.deepEqual(await hasher.verify(password, stored), YES)
    assert.deepEqual(await hasher.verify(other, stored), NO)
  })
}

test('invalid text cannot be hashed, and is never taken as the replacement character', async () => {
  const { hasher, done } = createCounted()
  await assert.rejects(hasher.hash('secret\ud800'), { code: 'password_refused' })
  await assert.rejects(hasher.hash('x'.repeat(4097)), { code: 'password_refused' })
  const stored = await hasher.hash('secret\ufffd')
  assert.deepEqual(await hasher.verify('secret\ud800', stored), NO)
  assert.deepEqual(await hasher.verify('x'.repeat(4097), stored), NO)
  assert.deepEqual(done, [ONE_FULL, ONE_FULL, ONE_FULL])
})

test('an unknown actor, a wrong password and a malformed hash do the same work', async () => {
  const { hasher, done } = createCounted()
  const stored = await hasher.hash('correct horse')
  for (const candidate of [stored, null, '', 'garbage', `${stored}=`]) {
    done.length = 0
    assert.deepEqual(await hasher.verify('wrong horse', candidate), NO)
    assert.deepEqual(done, [ONE_FULL])
  }
  done.length = 0
  assert.deepEqual(await hasher.verify('correct horse', stored), YES)
  assert.deepEqual(done, [ONE_FULL])
})

test('a wrong password against a foreign hash additionally does the work of a new hash', async () => {
  const weak = await createPasswordHasher({ memoryKiB: 32, passes: 1 }).hash('correct horse')
  const django = 'pbkdf2_sha256$1200$saltSALTsalt$quZLiurZLHrISJP/Tys4lnaEhNXa0qwBYSingJsHWrs='
  const { hasher, done } = createCounted()
  assert.deepEqual(await hasher.verify('wrong horse', weak), NO)
  assert.deepEqual(done, [{ ...ONE_FULL, memoryKiB: 32 }, ONE_FULL])
  done.length = 0
  assert.deepEqual(await hasher.verify('wrong horse', django), NO)
  assert.deepEqual(done, [ONE_FULL])
  done.length = 0
  assert.deepEqual(await hasher.verify('correct horse', django), { ok: true, rehash: true })
  assert.deepEqual(done, [])
})

test('a hash of another cost, weaker or stronger, needs a rehash', async () => {
  const { hasher } = createCounted()
  for (const options of [
    { memoryKiB: 32, passes: 1 },
    { memoryKiB: 64, passes: 2 },
    { memoryKiB: 128, passes: 1 },
    { memoryKiB: 64, passes: 1, parallelism: 2 },
  ]) {
    const stored = await createPasswordHasher(options).hash('correct horse')
    assert.deepEqual(await hasher.verify('correct horse', stored), { ok: true, rehash: true })
  }
})

test('a foreign hash of text that was not normalised verifies', async () => {
  const { hasher } = createCounted()
  const salt = '00'
  const { createHash } = await import('node:crypto')
  const raw = createHash('sha256').update(Buffer.from(salt, 'hex')).update('e\u0301').digest('hex')
  const stored = JSON.stringify({ type: 'hash', algorithm: 'sha256', salt, hash: raw })
  assert.deepEqual(await hasher.verify('e\u0301', stored), { ok: true, rehash: true })
  assert.deepEqual(await hasher.verify('\u00e9', stored), NO)
})

test('hashing and verifying share one bounded queue', async () => {
  const gate = Promise.withResolvers<Buffer>()
  const hasher = createPasswordHasher({
    ...CHEAP,
    concurrency: 2,
    queueLimit: 1,
    derive: () => gate.promise,
  })
  const runs = [hasher.hash('a'), hasher.verify('b', null), hasher.verify('c', 'garbage')]
  assert.deepEqual(hasher.stats(), { running: 2, waiting: 1 })
  await assert.rejects(hasher.hash('d'), {
    code: 'busy',
    details: { retryAfterMs: 1000, source: 'password_queue' },
  })
  await assert.rejects(hasher.verify('e', null), { code: 'busy' })
  gate.resolve(Buffer.alloc(32))
  await Promise.all(runs)
  assert.deepEqual(hasher.stats(), { running: 0, waiting: 0 })
})

test('a waiting verification can be aborted', async () => {
  const gate = Promise.withResolvers<Buffer>()
  const hasher = createPasswordHasher({ ...CHEAP, concurrency: 1, derive: () => gate.promise })
  const first = hasher.hash('a')
  const controller = new AbortController()
  const second = hasher.verify('b', null, { signal: controller.signal })
  controller.abort()
  await assert.rejects(second, { name: 'AbortError' })
  assert.deepEqual(hasher.stats(), { running: 1, waiting: 0 })
  gate.resolve(Buffer.alloc(32))
  await first
})

test('a verification that fails for a technical reason is unavailable, not a wrong password', async () => {
  const cause = new Error('out of memory')
  const hasher = createPasswordHasher({ ...CHEAP, derive: () => Promise.reject(cause) })
  await assert.rejects(hasher.verify('a', null), { code: 'unavailable', cause })
  await assert.rejects(hasher.hash('a'), { code: 'unavailable', cause })
})

test('invalid parameters are refused at once', () => {
  for (const options of [
    { memoryKiB: 7 },
    { memoryKiB: 2 ** 21 },
    { passes: 0 },
    { passes: 1.5 },
    { parallelism: 5000 },
    { concurrency: 0 },
    { concurrency: Number.NaN },
    { queueLimit: -1 },
  ]) {
    assert.throws(() => createPasswordHasher(options), { code: 'invalid_request' })
  }
})

const count = fc.oneof(fc.nat(200), fc.nat(), fc.constantFrom(0, 2 ** 31, 2 ** 32, 10 ** 10))
const base64 = fc.base64String({ maxLength: 60 }).map((text) => text.replace(/=+$/, ''))
const nearlyStored = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .tuple(
      fc.constantFrom('argon2id', 'argon2i', 'argon2d'),
      count,
      fc.nat(9),
      fc.nat(9),
      base64,
      base64,
    )
    .map(
      ([name, m, t, p, salt, tag]) => `$${name}$v=19$m=${m % 3000},t=${t},p=${p}$${salt}$${tag}`,
    ),
  fc
    .tuple(fc.nat(40), fc.nat(2), count, base64, base64)
    .map(([ln, r, p, salt, tag]) => `$scrypt$ln=${ln % 12},r=${r},p=${p % 9}$${salt}$${tag}`),
  fc
    .tuple(fc.constantFrom('', '-sha1', '-sha256', '-sha512', '-md5'), count, base64, base64)
    .map(([name, i, salt, tag]) => `$pbkdf2${name}$${i % 5000}$${salt}$${tag}`),
  fc
    .tuple(count, fc.string(), base64)
    .map(([i, salt, tag]) => `pbkdf2_sha256$${i % 5000}$${salt}$${tag}`),
  fc.json(),
  fc
    .record(
      {
        type: fc.constantFrom('hash', 'hmac', 'pbkdf2', 'other'),
        algorithm: fc.oneof(fc.constantFrom('sha1', 'SHA512', 'ripemd160', 'md5'), fc.string()),
        iterations: fc.oneof(fc.nat(999), fc.double(), fc.string()),
        keyLength: fc.oneof(fc.nat(64), fc.string()),
        salt: fc.oneof(fc.string(), fc.constant('00ff')),
        hash: fc.oneof(fc.string(), fc.constant('00'.repeat(20)), fc.constant('ab'.repeat(64))),
      },
      { requiredKeys: [] },
    )
    .map((record) => JSON.stringify(record)),
)

test('verifying an arbitrary stored hash returns false and does not throw', async () => {
  const hasher = createPasswordHasher({ ...CHEAP, mageHmacKeyHex: '00ff' })
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), nearlyStored, async (password, stored) => {
      assert.deepEqual(await hasher.verify(password, stored), NO)
    }),
    { numRuns: 400 },
  )
})

test('any valid text can be a password', async () => {
  const { hasher } = createCounted()
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (password) => {
      const stored = await hasher.hash(password)
      assert.deepEqual(await hasher.verify(password, stored), YES)
      assert.deepEqual(await hasher.verify(`${password}x`, stored), NO)
    }),
    { numRuns: 50 },
  )
})
