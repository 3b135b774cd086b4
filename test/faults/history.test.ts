import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runHistory } from '../support/history.ts'
import { postgresMissing } from '../support/postgres.ts'

const given = process.env['LATCHKEY_TEST_POSTGRES_URL'] !== undefined
const skip = given ? 'a server was given' : postgresMissing()

test('a random history of three nodes under faults keeps every promise', { skip }, async () => {
  const { operations, faults, violations } = await runHistory({ seed: 1, seconds: 5 })
  assert.deepEqual(violations, [])
  assert.ok(operations > 100, `${operations} operations`)
  assert.ok(faults > 0)
})
