import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createStoredHashParser } from './foreign.ts'
import { createPasswordHasher } from './hasher.ts'
import { isNoPassword } from './no-password.ts'

const CHEAP = { memoryKiB: 32, passes: 1 } as const
const PASSWORD = 'p\u00e4ssword1'
const SALT = 'AAECAwQFBgcICQoLDA0ODw=='

const keycloak = (algorithm: string, hashIterations: number, value: string, more: object = {}) =>
  JSON.stringify({
    type: 'password',
    secretData: JSON.stringify({ value, salt: SALT, additionalParameters: {} }),
    credentialData: JSON.stringify({ hashIterations, algorithm, additionalParameters: more }),
  })
const keycloakArgon2 = keycloak('argon2', 1, '/QnTNWbKYJxDvDmUX+WZi+sNlbH8yNVEqnO4hwBGqAc=', {
  hashLength: ['32'],
  memory: ['64'],
  type: ['id'],
  version: ['1.3'],
  parallelism: ['1'],
})

// Made by Django 3.2, Werkzeug 2.2, passlib 1.7, argon2-cffi 21.1, PHP 8.2 and better-auth 1.6. The
// formats of Django 4, Werkzeug 3, AdonisJS and Keycloak (PBKDF2) were made with Python's hashlib
// according to their sources.
const strong: Readonly<Record<string, string>> = {
  'Django, PBKDF2': 'pbkdf2_sha256$1200$saltSALTsalt$vwEeKWUjkwq4gHdK0PR33r2MgAiEgznD3VbLfx5fRHY=',
  'Django, bcrypt': 'bcrypt$$2b$04$SpdAPvEpaTFv6eF9P4Nz5ubdgM15M9kDp5CiGfUeEfFqHmC/my9VK',
  'Django, bcrypt over SHA-256':
    'bcrypt_sha256$$2b$04$TzeQn499iRuCjm2MJsAx5uzrGZY.N5oxsRGDSpT5Jsmh678YIFwpq',
  'Django, argon2': 'argon2$argon2id$v=19$m=64,t=1,p=2$c2FsdFNBTFRzYWx0$qSo15soj+ub2vR5D3J3nzA',
  'Django, scrypt':
    'scrypt$1024$saltSALTsalt$8$2$Qjl7IfLPwqR4ofJ5GiPHkKnuZ+zjxwx9FZhlhQa5sGIYcoek22PBcxvh8LQ06dBqTL4IyzU3hmojCRq0we98LA==',
  'Werkzeug, SHA-256':
    'pbkdf2:sha256:1200$vVIs5ILCFaD3b8uK$7cb05ddd9979bce36a9b89cccf3f7b633e5b001396cbcdb8c4f2f349f942b180',
  'Werkzeug, SHA-1': 'pbkdf2:sha1:1200$ndhUgMu3lSZFl1nF$bfbe739cc3f9d1d248c5c115a0cee52366742434',
  'Werkzeug, SHA-512':
    'pbkdf2:sha512:1200$g8DMQn94AE0bpLuM$903241518c651dffa898a759316d1417f54483022d778584705b3ad7d75bc2ab644aec85ccd6eae187ed3d1a39c441688dd5c42fa0a168fa6c646235ff243530',
  'Werkzeug, scrypt':
    'scrypt:1024:8:2$saltSALTsalt$42397b21f2cfc2a478a1f2791a23c790a9ee67ece3c70c7d1598658506b9b062187287a4db63c1731be1f0b434e9d06a4cbe08cb3537866a23091ab4c1ef7c2c',
  'AdonisJS, scrypt':
    '$scrypt$n=1024,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$CGrJTyPyvPNWOyuNP2Yc4IuKEfDHcblJKFaSHCHHZiMoHosDrbpw6ITwhhvrs/0U46aKRrfZOn4YGmh2ObMmeg',
  'passlib, scrypt':
    '$scrypt$ln=10,r=8,p=1$vHeu9Z6zVmqNce7d+58zxg$joRTGXmcYZrzKhGxlJsXWsiYQTjozSoE5u0dhbEnm0E',
  'passlib, bcrypt over SHA-256':
    '$bcrypt-sha256$v=2,t=2b,r=4$QHS1rTXjpFvHsE96kXxkO.$Gl5HtoZGEc1jq4Ps0rElg8D/fssGtmW',
  'passlib, bcrypt over SHA-256, the first version':
    '$bcrypt-sha256$2b,4$Wm4zgXMVDMViDN34vtEiPO$ynlQKu5zRo4E8of7Zk2hvUE.AybiqNq',
  'passlib for LDAP, SHA-1': '{PBKDF2}1200$8X5vrXXu/f./V6pV6v0/Zw$uMUjg2.HfiOjZfMCjpDciBss5dM',
  'passlib for LDAP, SHA-256':
    '{PBKDF2-SHA256}1200$jRGCcE7pnROidG6NMYYQ4g$ZDdkSPwzXUkOCOciGDNIHSDmyXhrDJM1RbHm8I5f93s',
  'passlib for Atlassian':
    '{PKCS5S2}whijtHauFUKIca415rx3ToZx+5hnBYzaTTpfekAZ/1gUtse26J8St3tp6j9clwKn',
  'PHP and Laravel, bcrypt': '$2y$04$tlOLLkjKgOoOar.GzkySy.aejPmSZw6be0kjm9vLy6dm7U7R6Ij/a',
  'PHP and Laravel, argon2id':
    '$argon2id$v=19$m=64,t=1,p=1$OVVFNnM2Z1Fja05McjlMWg$puCiZD9fa1U9CRZQRFSpE/rFNn1kJABLpvrXdtChiOQ',
  'WordPress 6.8': '$wp$2y$04$w5m7uWMbe86gtcERWeVdF.sBRwdAwxCBciCRIVD70.M4GKFmVO8Ui',
  'better-auth':
    '19ddc16aafcfbfa29d96ba8318e9ecb3:8469920a7764afb88d9db7a080e955ae2705cc69643aca14afe332622031ac038492c83ce74800c9af2e2a8fbe4595a1b72fcc3c91237f8bc87221057d159b1a',
  'Keycloak, SHA-1': keycloak(
    'pbkdf2',
    1200,
    'yjEq3/ZZnCMeELfAgvOGgjY0n0zKclOeBrao0swa1t59T//zJjn15XQgcxbj/XLTEB0KQSnKxmd3vH8vDIwMIQ==',
  ),
  'Keycloak, SHA-256': keycloak(
    'pbkdf2-sha256',
    1200,
    'ERGA6IAB/FSCzFDtnJdURAZZucduJapjQK1niTicPKRI5UYb3Gk5WDJLT7GuHWup34AlLyKGlRtHDCFRqj3jUw==',
  ),
  'Keycloak, SHA-512': keycloak(
    'pbkdf2-sha512',
    1200,
    'IPDHgjAG9bNN56xEKzdjEV/kW7G55Ni90cNcJYblp13K/zoLdOC43FoFIu4vtFI0M1brSRE2dOxXrSf8Krx93Q==',
  ),
  'Keycloak, argon2': keycloakArgon2,
  'argon2 with padding':
    '$argon2id$v=19$m=64,t=1,p=1$OVVFNnM2Z1Fja05McjlMWg==$puCiZD9fa1U9CRZQRFSpE/rFNn1kJABLpvrXdtChiOQ=',
  'argon2 with its parameters in another order':
    '$argon2id$v=19$t=1,m=64,p=1$OVVFNnM2Z1Fja05McjlMWg$puCiZD9fa1U9CRZQRFSpE/rFNn1kJABLpvrXdtChiOQ',
  'argon2 with associated data':
    '$argon2id$v=19$m=64,t=1,p=1,data=YXBw$c2FsdFNBTFQ$V/ix3VlcdDHNYKo4iDBKEMS3tnsI5OLrpR2KwlaLAEY',
  'Dovecot, bcrypt': '{BLF-CRYPT}$2y$04$tlOLLkjKgOoOar.GzkySy.aejPmSZw6be0kjm9vLy6dm7U7R6Ij/a',
  'Spring Security 5.8, argon2':
    '{argon2@SpringSecurity_v5_8}$argon2id$v=19$m=64,t=1,p=1$OVVFNnM2Z1Fja05McjlMWg$puCiZD9fa1U9CRZQRFSpE/rFNn1kJABLpvrXdtChiOQ',
  'Spring Security 5.8, PBKDF2':
    '{pbkdf2@SpringSecurity_v5_8}000102030405060708090a0b0c0d0e0f330d765a08f25b896e3a21bdbe03eebc84706625cf4a0d3f5ff7386e8ae54a78',
}

// From Spring's documentation of DelegatingPasswordEncoder and from Firebase's own scrypt tool.
const published = [
  [
    'Spring, bcrypt',
    'password',
    '{bcrypt}$2a$10$dXJ3SW6G7P50lGmMkkmwe.20cQQubK3.HZWzG3YB1tlRy.fqvM/BG',
  ],
  [
    'Spring, PBKDF2',
    'password',
    '{pbkdf2}5d923b44a6d129f3ddf3e3c8d29412723dcbde72445e8ef6bf3b508fbf17fa4ed4d6b99ca763d8dc',
  ],
  [
    'Spring, scrypt',
    'password',
    '{scrypt}$e0801$8bWJaSu2IKSn9Z9kM+TPXfOc/9bdYSrN1oD9qfVThWEwdRTnO7re7Ei+fUZRJ68k9lTyuTeUp4of4g24hHnazw==$OAOec05+bXxvuu/1qZ6NUR+xQYvYv7BeL1QxwRpY5Pc=',
  ],
  [
    'Firebase',
    'user1password',
    '$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
  ],
  ['$2x$ of ASCII', 'password', '$2x$04$abcdefghijklmnopqrstuughE8Ev8uGFaUgY2cNEySvxngrb/Jzdm'],
] as const

const weak: Readonly<Record<string, string>> = {
  phpass: '$P$66Zvh3uIZ/Tc1DxoEtXvCc8LwZiGUw0',
  'phpass of phpBB': '$H$6o/l.ug00xUlWrlB.oVT2Xy7H9yZa20',
  'LDAP, MD5': '{MD5}Gpsu7CtTqSG0P89JaK575Q==',
  'LDAP, SHA-1': '{SHA}nGKqSw5rZLlGmAU2eg7o7K29zF8=',
  'LDAP, salted MD5': '{SMD5}6kJEjYuz83wpEcjBJPPII33Pubc=',
  'LDAP, salted SHA-1': '{SSHA}FdohUKvNOXEI4zCWpCHXq1sGCn23NkbI',
  'LDAP, salted SHA-256': '{SSHA256}cgb0RMdxEJ7gGGXU80lXn9bhmBjxBS/RSSn0ZpPeergUQojRmnPuXQ==',
  'LDAP, salted SHA-512':
    '{SSHA512}MNdfwlx77dxXswxbsz6E4vKM2VxtyoHehcuW4WXSLXYtlFadCLeUL+PxepCPodXuFHT5kayzosdzdRUJS/HKtgyhtLZ2Tgnh',
  'plain text of Spring': `{noop}${PASSWORD}`,
}

const strict = createPasswordHasher(CHEAP)
const lenient = createPasswordHasher({ ...CHEAP, weakHashes: true })
const REPLACE = { ok: true, rehash: true }
const NO = { ok: false, rehash: false }

for (const [name, password, stored] of [
  ...Object.entries(strong).map(([name, stored]) => [name, PASSWORD, stored] as const),
  ...published,
]) {
  test(`${name}: the right password verifies and is rehashed, a wrong one does not`, async () => {
    assert.equal(strict.whyUnsupported(stored), null)
    assert.deepEqual(await strict.verify(password, stored), REPLACE)
    assert.deepEqual(await strict.verify(`${password}x`, stored), NO)
    assert.deepEqual(await strict.verify('', stored), NO)
  })
}

for (const [name, stored] of Object.entries(weak)) {
  test(`${name}: verifies only if weak hashes are allowed, and is rehashed`, async () => {
    assert.match(strict.whyUnsupported(stored) ?? '', /^is fast to guess; .*weakHashes/)
    assert.deepEqual(await strict.verify(PASSWORD, stored), NO)
    assert.equal(lenient.whyUnsupported(stored), null)
    assert.deepEqual(await lenient.verify(PASSWORD, stored), REPLACE)
    assert.deepEqual(await lenient.verify(`${PASSWORD}x`, stored), NO)
  })
}

test('hashes made by better-auth itself verify, in any Unicode form of the password', async () => {
  // Its types need another compiler configuration, so it is loaded by a name that the compiler does
  // not resolve.
  const name: string = 'better-auth/crypto'
  const { hashPassword }: { hashPassword(password: string): Promise<string> } = await import(name)
  const stored = await hashPassword('\ufb01ne password')
  assert.deepEqual(await strict.verify('fine password', stored), REPLACE)
  // better-auth also accepts other texts than the typed one.
  assert.deepEqual(await strict.verify('\ufb01ne password', stored), { ok: true, rehash: false })
})

test('a $2x$ hash does not verify a password that its algorithm misread', async () => {
  const stored = '$2x$04$abcdefghijklmnopqrstuuWtLUvSW1wMfAAHPG5ERZPyMP0PKEbzi'
  assert.deepEqual(await strict.verify(PASSWORD, stored), NO)
})

test('bcrypt is not rehashed if it used only a part of the password', async () => {
  const { hashSync } = await import('bcryptjs')
  const long = hashSync(`${'x'.repeat(72)}REAL`, 4)
  for (const stored of [long, `bcrypt$${long}`, `{bcrypt}${long}`]) {
    for (const end of ['REAL', 'typo', '']) {
      const typed = `${'x'.repeat(72)}${end}`
      assert.deepEqual(await strict.verify(typed, stored), { ok: true, rehash: false })
    }
  }
  const umlauts = hashSync('\u00fc'.repeat(36), 4)
  const notAll = { ok: true, rehash: false }
  assert.deepEqual(await strict.verify('\u00fc'.repeat(36), umlauts), notAll)
  assert.deepEqual(await strict.verify('a\0b', hashSync('a\0b', 4)), notAll)
  assert.deepEqual(await strict.verify('x'.repeat(71), hashSync('x'.repeat(71), 4)), REPLACE)
})

test('bcrypt over a digest uses the whole password, and WordPress all but outer white space', async () => {
  const stored = strong['WordPress 6.8'] ?? ''
  assert.deepEqual(await strict.verify(` ${PASSWORD}\n`, stored), { ok: true, rehash: false })
  assert.deepEqual(await strict.verify(`${PASSWORD}\u00a0`, stored), NO)
  const { hashSync } = await import('bcryptjs')
  const { createHash } = await import('node:crypto')
  const digest = createHash('sha256').update('x'.repeat(100)).digest('hex')
  const django = `bcrypt_sha256$${hashSync(digest, 4)}`
  assert.deepEqual(await strict.verify('x'.repeat(100), django), REPLACE)
  assert.deepEqual(await strict.verify('x'.repeat(99), django), NO)
})

for (const [stored, reason] of [
  ['$argon2id$v=19$m=64,t=1,p=1,keyid=Hj5+dsK0$c29tZXNhbHQ$AAAA', /argon2 with a key id/],
  ['$argon2id$m=64,t=1,p=1$c29tZXNhbHQ$AAAA', /argon2 before version 1\.3/],
  ['argon2$argon2i$v=16$m=64,t=1,p=1$c29tZXNhbHQ$AAAA', /argon2 before version 1\.3/],
  ['$argon2id$v=19$m=9999999,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA', /argon2 .* too much/],
  ['bcrypt$$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', /bcrypt .* too much/],
  ['scrypt$1073741824$saltSALTsalt$8$1$AAAAAAAAAAAAAAAAAAAAAA==', /scrypt .* too much/],
  ['scrypt$1025$saltSALTsalt$8$1$AAAAAAAAAAAAAAAAAAAAAA==', /scrypt .* malformed/],
  [`scrypt:1048576:8:9$salt$${'00'.repeat(64)}`, /scrypt .* too much/],
  ['{scrypt}$1f0801$AAECAwQFBgcICQoLDA0ODw==$AAAAAAAAAAAAAAAAAAAAAA==', /scrypt .* too much/],
  [`pbkdf2:sha256:99999999$salt$${'00'.repeat(32)}`, /PBKDF2 .* too much/],
  [`pbkdf2:sha256$salt$${'00'.repeat(32)}`, /PBKDF2 .* malformed/],
  ['$fbscrypt$v=1,n=40,r=8,p=1,ss=Bw==,sk=AAAA$AAAA$AAAA', /scrypt of Firebase .* too much/],
  [keycloak('pbkdf2', 1e9, SALT), /Keycloak .* too much/],
  [keycloak('pbkdf2', 1.5, SALT), /Keycloak .* malformed/],
  [keycloak('md5', 1, SALT), /Keycloak/],
  [keycloakArgon2.replace('64', '99999999'), /Keycloak/],
  ['$6$rounds=1000$wE5aEME6JCYVgPi/$VN7', /SHA-crypt/],
  ['$y$j9T$abc$def', /yescrypt/],
  ['$1$LXTE8oge$y1NpU0SDExRcXks/dHXjL/', /MD5-crypt/],
  ['1WMMN6ATdRvjU', /DES-crypt/],
  ['sha1$saltSALTsalt$ba334e8be44fe90ac291daa65e0767104c87d654', /salted digest/],
  ['1a9b2eec2b53a921b43fcf4968ae7be5', /digest without salt/],
  ['*2470C0C06DEE42FD1618BBB99005ADCA2EC9D1E0', /MySQL/],
  ['$S$DabcdefghijABCDEFGHIJabcdefghijABCDEFGHIJabcdefghijABCD', /Drupal/],
  ['{mystery}abc', /no known format/],
  [`{bcrypt}{bcrypt}${'a'.repeat(53)}`, /no known format/],
  [`$P$Z${'a'.repeat(30)}`, /no known format/],
  ['x'.repeat(5000), /too long/],
] as const) {
  test(`refused by name: ${stored.slice(0, 60)}`, async () => {
    assert.match(lenient.whyUnsupported(stored) ?? '', reason)
    assert.deepEqual(await lenient.verify(PASSWORD, stored), NO)
  })
}

test('an empty, locked or unusable entry means no password', () => {
  for (const stored of [
    '',
    '!',
    '!!',
    '*',
    '*LK*',
    '*NP*',
    '!$6$abc$def',
    '!R0Zg5SKnIL4zLHo26rjq',
  ]) {
    assert.equal(isNoPassword(stored), true, stored)
  }
  for (const stored of ['x', '$2y$', '*2470C0C06DEE42FD1618BBB99005ADCA2EC9D1E0', '{noop}']) {
    assert.equal(isNoPassword(stored), false, stored)
  }
})

test('an arbitrary stored hash is parsed or refused, and never throws', () => {
  const { parse, whyUnsupported } = createStoredHashParser({ weakHashes: true })
  const stored = fc.constantFrom(
    ...Object.values(strong),
    ...Object.values(weak),
    ...published.map(([, , hash]) => hash),
  )
  const edit = fc.tuple(
    fc.nat(),
    fc.nat(3),
    fc.oneof(fc.string({ maxLength: 3 }), fc.nat().map(String)),
  )
  fc.assert(
    fc.property(stored, fc.array(edit, { minLength: 1, maxLength: 3 }), (text, edits) => {
      const edited = edits.reduce((before, [where, cut, put]) => {
        const at = where % before.length
        return before.slice(0, at) + put + before.slice(at + cut)
      }, text)
      const reason = whyUnsupported(edited)
      assert.equal(reason === null, parse(edited) !== null)
      assert.ok(reason === null || /^(?:is|does) [^\n]{5,120}$/.test(reason))
    }),
    { numRuns: 3000 },
  )
})

test('text around a stored hash is refused', () => {
  const { parse } = createStoredHashParser({ weakHashes: true })
  for (const stored of [...Object.values(strong), ...Object.values(weak)]) {
    assert.notEqual(parse(stored), null)
    for (const other of [`${stored} `, ` ${stored}`, `${stored}\n`]) {
      if (!stored.startsWith('{noop}') && !stored.startsWith('{"')) {
        assert.equal(parse(other), null, other)
      }
    }
  }
})
