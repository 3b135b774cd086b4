import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalEmail } from './canonical-email.ts'
import { canonicalIdentity } from './index.ts'

const value = (text: string) => {
  const canonical = canonicalEmail(text)
  return canonical.ok ? canonical.value : null
}

for (const [typed, canonical] of [
  ['Joe@Example.COM', 'joe@example.com'],
  [' joe@example.com\n', 'joe@example.com'],
  ["j.o'e+tag=/{x}@example.com", "j.o'e+tag=/{x}@example.com"],
  ['joe@localhost', 'joe@localhost'],
  ['joe@b\u00fccher.example', 'joe@xn--bcher-kva.example'],
  ['joe@bu\u0308cher.example', 'joe@xn--bcher-kva.example'],
  ['joe@B\u00dcCHER.example', 'joe@xn--bcher-kva.example'],
  ['joe@XN--BCHER-KVA.example', 'joe@xn--bcher-kva.example'],
  ['joe@fa\u00df.example', 'joe@xn--fa-hia.example'],
  ['joe@example\uff0ecom', 'joe@example.com'],
  ['joe@example\u3002com', 'joe@example.com'],
  ['joe@\uff45xample.com', 'joe@example.com'],
  ['joe@exa\u00admple.com', 'joe@example.com'],
  [`${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`],
] as const) {
  test(`${JSON.stringify(typed)} is ${canonical}`, () => assert.equal(value(typed), canonical))
}

for (const typed of [
  ...['', '@', 'joe', 'joe@', '@example.com', 'joe@@example.com', 'a@b@c.com', 'joe\uff20x.com'],
  ...['<joe@x.com>', 'Joe <joe@x.com>', 'mailto:joe@x.com', '"joe b"@x.com', 'joe b@x.com'],
  ...[
    '.joe@x.com',
    'joe.@x.com',
    'j..oe@x.com',
    'jo\u00e9@x.com',
    '\uff4aoe@x.com',
    'j\u200boe@x.com',
  ],
  ...['joe@example.com.', 'joe@x..com', 'joe@.com', 'joe@-x.com', 'joe@x-.com', 'joe@x_y.com'],
  ...['joe@[127.0.0.1]', 'joe@127.0.0.1', 'joe@1.2.3', 'joe@0x7f.1', 'joe@x.7'],
  ...['joe@x.com:80', 'joe@x.com/y', 'joe@x.com?y', 'joe@x.com#y', 'joe@ex%61mple.com', 'joe@x\\y'],
  ...['joe@x\uff05\uff16\uff11.com', 'joe@x\uff0fy.com', 'joe@y\uff20x.com', 'joe@x y.com'],
  ...['joe@xn--a.com', 'joe@xn--1ug.com', 'joe@xn--.com', 'joe@\u200d.com', 'joe@a\u200cb.com'],
  ...[`joe@${'a'.repeat(64)}.com`, `joe@${'a.'.repeat(126)}com`, `${'a'.repeat(65)}@x.com`],
  ...['joe@x.com\0', 'joe@x\r\n.com', 'jo\u{1f642}e@x.com', `joe@${'\u00fc'.repeat(100_000)}`],
]) {
  test(`not an e-mail address: ${JSON.stringify(typed.slice(0, 80))}`, () => {
    assert.deepEqual(canonicalEmail(typed), { ok: false, reason: 'is not an e-mail address' })
  })
}

test('an address of more than 254 characters is too long', () => {
  const typed = `${'a'.repeat(60)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(20)}`
  assert.deepEqual(canonicalEmail(typed), { ok: false, reason: 'is too long' })
})

test('the canonical form of a canonical form is itself, and is ASCII', () => {
  const label = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 8 }), fc.domain())
  const address = fc.oneof(
    fc.emailAddress(),
    fc.tuple(fc.string(), fc.array(label)).map(([local, labels]) => `${local}@${labels.join('.')}`),
    fc.array(label).map((labels) => `joe@${labels.join('.')}`),
    fc.string({ unit: 'binary' }).map((text) => `joe@${text}`),
  )
  fc.assert(
    fc.property(address, (typed) => {
      const canonical = value(typed)
      if (canonical === null) return
      assert.match(canonical, /^[!-~]+@[a-z0-9.-]+$/)
      assert.equal(value(canonical), canonical)
      assert.equal(canonicalIdentity(typed), canonical)
    }),
    { numRuns: 3000 },
  )
})

test('a typed identity is an e-mail address if it has an @, else a name', () => {
  assert.equal(canonicalIdentity('Joe@Example.com'), 'joe@example.com')
  assert.equal(canonicalIdentity('Joe'), 'joe')
  for (const typed of ['joe@', 'joe\uff20example.com', '']) {
    assert.equal(canonicalIdentity(typed), null)
  }
})
