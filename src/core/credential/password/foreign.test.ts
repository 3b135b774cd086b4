import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStoredHashParser, type ForeignHashOptions } from './foreign.ts'
import { createPasswordHasher } from './hasher.ts'

const isSupportedHash = (stored: string, options: ForeignHashOptions = {}) =>
  createStoredHashParser(options).whyUnsupported(stored) === null

const MAGE_SALT = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'
const MAGE_KEY = '00112233445566778899aabbccddeeff'
const PHC_SALT = '8PHy8/T19vf4+fr7/P3+/w'
const PASSLIB_SALT = '8PHy8/T19vf4.fr7/P3./w'

const mageHmac = JSON.stringify({
  type: 'hmac',
  algorithm: 'sha256',
  salt: MAGE_SALT,
  hash: '3519d073bc5c3f0dad138d5ce09bdb0396e2b8176f4ffcf512fb2468e612a5a0',
})

// From argon2's and bcrypt's own test suites, passlib's documentation and Python's hashlib; argon2d is OpenSSL's.
const vectors: readonly { name: string; password: string; stored: string }[] = [
  {
    name: 'argon2id of other cost',
    password: 'password',
    stored:
      '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
  },
  {
    name: 'argon2i',
    password: 'password',
    stored: '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA',
  },
  {
    name: 'argon2d',
    password: 'correct horse',
    stored: '$argon2d$v=19$m=64,t=1,p=1$c29tZXNhbHQ$dmq+gSL0q1mmod0Wii4ZVgZqUG7X+ZFfuQPiojfdFzs',
  },
  {
    name: 'bcrypt 2a',
    password: 'U*U',
    stored: '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
  },
  {
    name: 'bcrypt 2b',
    password: 'U*U',
    stored: '$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
  },
  {
    name: 'bcrypt 2y',
    password: 'U*U',
    stored: '$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
  },
  {
    name: 'bcrypt of the empty password',
    password: '',
    stored: '$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy',
  },
  {
    name: 'scrypt of passlib',
    password: 'password',
    stored:
      '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E',
  },
  {
    name: 'scrypt with p=2',
    password: 'correct horse',
    stored:
      '$scrypt$ln=10,r=8,p=2$AAECAwQFBgcICQoLDA0ODw$RBjCXYboo4yjHH0P1K75vrL4xGciLt6io+o2v0yqSlo',
  },
  {
    name: 'pbkdf2 of passlib',
    password: 'password',
    stored:
      '$pbkdf2-sha256$6400$0ZrzXitFSGltTQnBWOsdAw$Y11AchqV4b0sUisdZd0Xr97KWoymNE0LNNrnEgY4H9M',
  },
  {
    name: 'pbkdf2 of passlib, SHA-1',
    password: 'correct horse',
    stored: `$pbkdf2$1200$${PASSLIB_SALT}$6XYJHizRf0PfsneoNntW7Zfx.2Y`,
  },
  {
    name: 'pbkdf2 of passlib, SHA-512',
    password: 'correct horse',
    stored: `$pbkdf2-sha512$1200$${PASSLIB_SALT}$o9tQ8ZkQyGzz/N5RffLgyhDQBDpLJJwkHW6Nig.TtKEcW4uAvoiNf4id6vXWh5aqNPJK1kSa/F2YQ8/busjh0w`,
  },
  {
    name: 'pbkdf2 PHC, SHA-1',
    password: 'correct horse',
    stored: `$pbkdf2-sha1$i=1200,l=20$${PHC_SALT}$6XYJHizRf0PfsneoNntW7Zfx+2Y`,
  },
  {
    name: 'pbkdf2 PHC, SHA-256',
    password: 'correct horse',
    stored: `$pbkdf2-sha256$i=1200,l=32$${PHC_SALT}$aePok3f6ZpAt99V9WBNym/6mPIkeBqVLGAuxPpVXOZ4`,
  },
  {
    name: 'pbkdf2 PHC, SHA-512',
    password: 'correct horse',
    stored: `$pbkdf2-sha512$i=1200,l=64$${PHC_SALT}$o9tQ8ZkQyGzz/N5RffLgyhDQBDpLJJwkHW6Nig+TtKEcW4uAvoiNf4id6vXWh5aqNPJK1kSa/F2YQ8/busjh0w`,
  },
  {
    name: 'Django, SHA-1',
    password: 'correct horse',
    stored: 'pbkdf2_sha1$1200$saltSALTsalt$KQ8yANjiBWhwvtiDIGRXpa/m+Us=',
  },
  {
    name: 'Django, SHA-256',
    password: 'correct horse',
    stored: 'pbkdf2_sha256$1200$saltSALTsalt$quZLiurZLHrISJP/Tys4lnaEhNXa0qwBYSingJsHWrs=',
  },
  {
    name: 'Django, SHA-512',
    password: 'correct horse',
    stored:
      'pbkdf2_sha512$1200$saltSALTsalt$GYZdMXvmH69NctiI7Tzcfazn5T6sM2dy/L78D3z/Hp5YRngerzLLux08ZOMN7YjHbNc41DLNCvd6WffHkPYXYQ==',
  },
  {
    name: 'MAGE hash',
    password: 'pässword1',
    stored: `{"type":"hash","algorithm":"sha1","salt":"${MAGE_SALT}","hash":"8081d149e0e13947fb25fbd9c2ba76d51f20551e"}`,
  },
  { name: 'MAGE hmac', password: 'pässword1', stored: mageHmac },
  {
    name: 'MAGE pbkdf2',
    password: 'pässword1',
    stored: `{"type":"pbkdf2","iterations":10000,"algorithm":"sha256","keyLength":20,"salt":"${MAGE_SALT}","hash":"7f7cb61b7f83e11e2ac52791df309b0bea74fb2a"}`,
  },
]

const hasher = createPasswordHasher({ memoryKiB: 64, passes: 1, mageHmacKeyHex: MAGE_KEY })

for (const { name, password, stored } of vectors) {
  test(`${name}: the right password verifies and needs a rehash, a wrong one does not verify`, async () => {
    assert.ok(isSupportedHash(stored, { mageHmacKeyHex: MAGE_KEY }))
    assert.deepEqual(await hasher.verify(password, stored), { ok: true, rehash: true })
    assert.deepEqual(await hasher.verify(`${password}x`, stored), { ok: false, rehash: false })
  })
}

test('bcrypt uses the first 72 bytes of a password only', async () => {
  const stored = '$2b$04$CCCCCCCCCCCCCCCCCCCCC.ug0A3dTXhy5U.dFjx/qguZ8I4CB77BC'
  assert.equal((await hasher.verify('x'.repeat(72), stored)).ok, true)
  assert.equal((await hasher.verify('x'.repeat(73), stored)).ok, true)
  assert.equal((await hasher.verify('x'.repeat(71), stored)).ok, false)
})

test('a MAGE hmac record does not verify without its key', async () => {
  const keyless = createPasswordHasher({ memoryKiB: 64, passes: 1 })
  assert.equal(isSupportedHash(mageHmac), false)
  assert.equal((await keyless.verify('pässword1', mageHmac)).ok, false)
  assert.throws(() => createPasswordHasher({ mageHmacKeyHex: 'xyz' }), { code: 'invalid_request' })
})

test('without bcryptjs a bcrypt hash is unavailable, and the error names the package to install', async () => {
  const without = createPasswordHasher({
    memoryKiB: 64,
    passes: 1,
    resolveBcrypt: () => import.meta.resolve('a-package-that-is-not-there'),
  })
  const stored = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'
  await assert.rejects(without.verify('U*U', stored), {
    code: 'unavailable',
    message: /Install bcryptjs/,
  })
})

const TAG = 'CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'

for (const stored of [
  '',
  'secret',
  `$argon2id$v=19$m=1048577,t=1,p=1$c29tZXNhbHQ$${TAG}`,
  `$argon2id$v=19$m=1048576,t=5,p=1$c29tZXNhbHQ$${TAG}`,
  `$argon2id$v=19$m=8,t=4294967295,p=1$c29tZXNhbHQ$${TAG}`,
  `$argon2id$v=19$m=4096,t=1,p=256$c29tZXNhbHQ$${TAG}`,
  `$argon2id$v=19$m=31,t=1,p=4$c29tZXNhbHQ$${TAG}`,
  `$argon2id$v=19$m=64,t=0,p=1$c29tZXNhbHQ$${TAG}`,
  `$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$${TAG}`,
  `$argon2id$m=64,t=1,p=1$c29tZXNhbHQ$${TAG}`,
  `$argon2id$v=19$m=64,t=1,p=1$c2FsdA$${TAG}`,
  '$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$',
  '$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAA',
  `$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$${TAG}\n`,
  `$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$${TAG}==`,
  '$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
  '$2b$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
  '$2$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
  '$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe',
  `$scrypt$ln=21,r=8,p=1$c29tZXNhbHQ$${TAG}`,
  `$scrypt$ln=20,r=8,p=5$c29tZXNhbHQ$${TAG}`,
  `$scrypt$ln=4000000000,r=8,p=1$c29tZXNhbHQ$${TAG}`,
  `$scrypt$ln=16,r=1,p=1$c29tZXNhbHQ$${TAG}`,
  `$pbkdf2-sha256$10000001$c29tZXNhbHQ$${TAG}`,
  `$pbkdf2-sha256$i=5000001,l=64$c29tZXNhbHQ$${TAG}${TAG}`,
  `$pbkdf2-sha256$i=1200,l=33$c29tZXNhbHQ$${TAG}`,
  `$pbkdf2-sha256$0$c29tZXNhbHQ$${TAG}`,
  `$pbkdf2-sha3$1$c29tZXNhbHQ$${TAG}`,
  `pbkdf2_sha256$99999999$salt$${TAG}=`,
  '{',
  '{}',
  '{"type":"hash"}',
  `{"type":"hash","algorithm":"none","salt":"00","hash":"${MAGE_SALT}"}`,
  `{"type":"hash","algorithm":"constructor","salt":"00","hash":"${MAGE_SALT}"}`,
  `{"type":"pbkdf2","algorithm":"sha1","iterations":1e9,"salt":"00","hash":"${MAGE_SALT}"}`,
  `{"type":"pbkdf2","algorithm":"sha1","iterations":1.5,"salt":"00","hash":"${MAGE_SALT}"}`,
  `{"type":"pbkdf2","algorithm":"sha1","keyLength":20,"salt":"00","hash":"${MAGE_SALT}"}`,
  `{"type":"hash","algorithm":"sha1","salt":"00","hash":"${'00'.repeat(600)}"}`,
]) {
  test(`not verifiable: ${JSON.stringify(stored.slice(0, 72))}`, async () => {
    assert.equal(isSupportedHash(stored, { mageHmacKeyHex: MAGE_KEY }), false)
    assert.deepEqual(await hasher.verify('password', stored), { ok: false, rehash: false })
  })
}
