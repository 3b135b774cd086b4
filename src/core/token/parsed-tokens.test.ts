import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_TOKENS, ParsedTokens } from './parsed-tokens.ts'

const saying = (id: string) => ({ id, secret: 'secret' })

test('a text returns its own parsed token, and no other text does', () => {
  const tokens = new ParsedTokens()
  const a = saying('a')
  tokens.keep('text a', a)
  assert.equal(tokens.find('text a'), a)
  assert.equal(tokens.find('text A'), undefined)
})

test('at most two halves are held, and the most recently requested stay', () => {
  const tokens = new ParsedTokens()
  tokens.keep('in use', saying('in use'))
  for (let at = 0; at < 5 * MAX_TOKENS; at++) {
    tokens.keep(`${at}`, saying(`${at}`))
    assert.ok(tokens.size <= 2 * MAX_TOKENS)
    assert.equal(tokens.find('in use')?.id, 'in use')
  }
  assert.equal(tokens.find('0'), undefined)
  assert.equal(tokens.find(`${5 * MAX_TOKENS - 1}`)?.id, `${5 * MAX_TOKENS - 1}`)
})
