import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LatchkeyError } from '../../core/errors.ts'
import { cursorAt, positionOf } from './paging.ts'

const listing = fc.constantFrom('sessions' as const, 'actors' as const, 'audit' as const)

test('a cursor returns its position, in its own list only', () => {
  fc.assert(
    fc.property(listing, listing, fc.nat(), (made, used, position) => {
      const cursor = cursorAt(made, position)
      if (made === used) assert.equal(positionOf(used, cursor), position)
      else assert.throws(() => positionOf(used, cursor), { code: 'invalid_request' })
    }),
  )
})

test('any other text is refused with invalid_request', () => {
  fc.assert(
    fc.property(
      listing,
      fc.oneof(fc.string(), fc.base64String(), fc.string({ unit: 'binary' })),
      (used, text) => {
        try {
          assert.equal(cursorAt(used, positionOf(used, text) ?? -1), text)
        } catch (error) {
          assert.ok(error instanceof LatchkeyError && error.code === 'invalid_request')
        }
      },
    ),
  )
})
