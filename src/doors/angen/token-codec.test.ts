import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { TokenCodec } from '../../core/token/codec.ts'
import { nativeCodec } from '../../core/token/native-codec.ts'
import { createSessionId } from '../../core/token/session-id.ts'
import { mageCodec } from '../mage/key-codec.ts'
import { angenCodec } from './token-codec.ts'

const CODECS = [nativeCodec, mageCodec, angenCodec]
const owner = fc.string({ unit: 'binary', minLength: 1, maxLength: 100 })

function newToken(codec: TokenCodec, of = 'someone'): string {
  return codec.format({ id: createSessionId(of), secret: codec.createSecret() }, { owner: of })
}

function newRenewal(codec: TokenCodec, of = 'someone'): string {
  const [family, generation] = [codec.createSecret(), codec.createSecret()]
  return codec.formatRenewal({ id: createSessionId(of), family, generation })
}

test('codes are letters and digits alone, 64 to 255 of them, of two lengths', () => {
  assert.match(newToken(angenCodec), /^[0-9A-Za-z]{75}$/)
  assert.match(newRenewal(angenCodec), /^[0-9A-Za-z]{118}$/)
})

test('what was formatted is parsed to the same parts', () => {
  fc.assert(
    fc.property(owner, (of) => {
      const token = { id: createSessionId(of), secret: angenCodec.createSecret() }
      assert.deepEqual(angenCodec.parse(angenCodec.format(token, { owner: of })), token)
      const [family, generation] = [angenCodec.createSecret(), angenCodec.createSecret()]
      const renewal = { id: token.id, family, generation }
      assert.deepEqual(angenCodec.parseRenewal(angenCodec.formatRenewal(renewal)), renewal)
    }),
  )
})

test('no format takes a token or a renewal code of another, nor one for the other', () => {
  fc.assert(
    fc.property(owner, (of) => {
      for (const codec of CODECS) {
        const [token, renewal] = [newToken(codec, of), newRenewal(codec, of)]
        for (const other of CODECS) {
          assert.equal(other.parse(token) !== null, other === codec, `${other.name} ${token}`)
          assert.equal(other.parse(renewal), null, `${other.name} ${renewal}`)
          assert.equal(other.parseRenewal(token), null, `${other.name} ${token}`)
        }
        const takers = CODECS.filter((other) => other.parseRenewal(renewal) !== null)
        assert.deepEqual(takers, [codec === mageCodec ? nativeCodec : codec])
      }
    }),
  )
})

test('a native token without its prefix is none of ours, nor is ours with one a native token', () => {
  for (let at = 0; at < 100; at++) {
    assert.equal(angenCodec.parse(newToken(nativeCodec).slice(4)), null)
    assert.equal(angenCodec.parseRenewal(newRenewal(nativeCodec).slice(4)), null)
    assert.equal(nativeCodec.parse(`lks_${newToken(angenCodec)}`), null)
    assert.equal(nativeCodec.parseRenewal(`lkr_${newRenewal(angenCodec)}`), null)
  }
})

test('the checksum refuses every code in which one character was changed', () => {
  const characters = fc.constantFrom(...'09AZaz/+_-: \né')
  fc.assert(
    fc.property(fc.boolean(), fc.nat(117), characters, (renewal, position, character) => {
      const text = renewal ? newRenewal(angenCodec) : newToken(angenCodec)
      const at = position % text.length
      fc.pre(text[at] !== character)
      const changed = text.slice(0, at) + character + text.slice(at + 1)
      assert.equal(angenCodec.parse(changed), null)
      assert.equal(angenCodec.parseRenewal(changed), null)
    }),
    { numRuns: 2000 },
  )
})

test('any text at all is parsed without throwing, and none is taken for a code', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ unit: 'grapheme', minLength: 75, maxLength: 118 }),
    fc.stringMatching(/^(?:[0-9A-Za-z]{75}|[0-9A-Za-z]{118})$/),
  )
  fc.assert(
    fc.property(text, (any) => {
      assert.equal(angenCodec.parse(any), null)
      assert.equal(angenCodec.parseRenewal(any), null)
    }),
  )
})
