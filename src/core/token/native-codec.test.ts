import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nativeCodec, TOKEN_PATTERN } from './native-codec.ts'
import { createSessionId, isSessionId, slotTag } from './session-id.ts'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const { createSecret, format, parse, formatRenewal, parseRenewal } = nativeCodec

const owner = fc.string({ unit: 'binary', maxLength: 40 })

function newToken(of = 'someone'): string {
  return format({ id: createSessionId(of), secret: createSecret() }, { owner: of })
}

function newRenewal(): string {
  const [family, generation] = [createSecret(), createSecret()]
  return formatRenewal({ id: createSessionId('someone'), family, generation })
}

/** Returns the number that a slot tag encodes in base 62. */
function numberOf(tag: string): number {
  return [...tag].reduce((sum, digit) => sum * 62 + ALPHABET.indexOf(digit), 0)
}

test('a token is a prefix, an id of 25, a secret of 43 and a checksum of 7 characters', () => {
  assert.match(newToken(), /^lks_[0-9A-Za-z]{25}[0-9A-Za-z]{43}[0-9a-z]{7}$/)
  assert.match(newRenewal(), /^lkr_[0-9A-Za-z]{25}[0-9A-Za-z]{86}[0-9a-z]{7}$/)
})

test('the slot tag is CRC-16/XMODEM modulo 16,384 in base 62', () => {
  assert.equal(numberOf(slotTag('123456789')), 0x31c3 % 16384)
  // The slots of these keys in a Redis cluster.
  assert.equal(numberOf(slotTag('foo')), 12182)
  assert.equal(numberOf(slotTag('bar')), 5061)
  assert.equal(numberOf(slotTag('')), 0)
})

test('every owner has a slot tag of three characters below 16,384', () => {
  fc.assert(
    fc.property(owner, (of) => {
      const tag = slotTag(of)
      assert.match(tag, /^[0-9A-Za-z]{3}$/)
      assert.ok(numberOf(tag) < 16384)
    }),
  )
})

test('an id starts with the slot tag of its owner and is never repeated', () => {
  const ids = Array.from({ length: 1000 }, () => createSessionId('someone'))
  assert.equal(new Set(ids).size, ids.length)
  assert.ok(ids.every((id) => id.startsWith(slotTag('someone')) && isSessionId(id)))
})

test('only 25 letters and digits are a session id', () => {
  const id = createSessionId('someone')
  for (const wrong of ['', id.slice(1), `${id}0`, `${id.slice(1)}_`, `${id.slice(1)}é`]) {
    assert.equal(isSessionId(wrong), false, wrong)
  }
})

test('a formatted token is parsed to the same parts', () => {
  fc.assert(
    fc.property(owner, (of) => {
      const token = { id: createSessionId(of), secret: createSecret() }
      assert.deepEqual(parse(format(token, { owner: of })), token)
      const renewal = { id: token.id, family: createSecret(), generation: createSecret() }
      assert.deepEqual(parseRenewal(formatRenewal(renewal)), renewal)
    }),
  )
})

test('the checksum refuses every token with one changed character', () => {
  const characters = fc.constantFrom(...ALPHABET, '_', '-', ' ', 'é')
  fc.assert(
    fc.property(fc.boolean(), fc.nat(121), characters, (renewal, position, character) => {
      const text = renewal ? newRenewal() : newToken()
      const at = position % text.length
      fc.pre(text[at] !== character)
      const changed = text.slice(0, at) + character + text.slice(at + 1)
      assert.equal(parse(changed), null)
      assert.equal(parseRenewal(changed), null)
    }),
    { numRuns: 2000 },
  )
})

test('a token with two adjacent characters swapped is refused', () => {
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 77 }), (at) => {
      const text = newToken()
      fc.pre(text[at] !== text[at + 1])
      const swapped = `${text.slice(0, at)}${text[at + 1]}${text[at]}${text.slice(at + 2)}`
      assert.equal(parse(swapped), null)
    }),
  )
})

test('parsing any text does not throw, and returns no token', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ unit: 'binary', minLength: 75, maxLength: 75 }).map((rest) => `lks_${rest}`),
    fc.string({ unit: 'binary', minLength: 118, maxLength: 118 }).map((rest) => `lkr_${rest}`),
  )
  fc.assert(
    fc.property(text, (any) => {
      assert.equal(parse(any), null)
      assert.equal(parseRenewal(any), null)
    }),
  )
})

test('a token is not a renewal code and a renewal code is not a token', () => {
  assert.equal(parseRenewal(newToken()), null)
  assert.equal(parse(newRenewal()), null)
})

test('the redaction pattern finds whole tokens and codes within a line', () => {
  const [token, renewal] = [newToken(), newRenewal()]
  const line = `authorization: Bearer ${token}, renewal="${renewal}"`
  assert.deepEqual(line.match(TOKEN_PATTERN), [token, renewal])
})
