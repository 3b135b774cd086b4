import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { callErrorOf } from '../../client/grpc/call-error.ts'
import { refuse } from '../../core/errors.ts'
import { statusOf } from './status.ts'

const statusWithMetadata = (message: string) => {
  const { code, details = '', metadata } = statusOf(refuse('conflict', message))
  assert.ok(code !== undefined && metadata !== undefined && metadata !== null)
  return { code, details, metadata }
}

test('a client reads the text of a refusal as it was written, with any characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300, minLength: 1 }), (text) => {
      assert.equal(callErrorOf(statusWithMetadata(text)).message, text)
    }),
  )
  assert.equal(callErrorOf(statusWithMetadata('100% of %41')).message, '100% of %41')
})

test('the text of a refusal is bounded, whatever is in it', () => {
  for (const unit of ['a', '%', '\ud800', '\u{1f511}']) {
    const { details, metadata } = statusWithMetadata(unit.repeat(10_000))
    const [text = ''] = metadata.get('message')
    assert.ok(details.length <= 512)
    assert.ok(text.length <= 512 * 9, `${text.length}`)
    assert.match(String(text), /^[\x20-\x7e]*$/)
  }
})
