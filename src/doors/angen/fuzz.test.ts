import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { openFixture } from '../../../test/support/angen-door.ts'
import { angenCommands } from './protocol/commands/index.ts'

const SECRET = 'hunter2-is-secret'

const odd = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(null, '', {}, [], SECRET, -1, 1e21, '__proto__'),
)
const fields = fc.constantFrom(
  ...['token', 'identifier_code', 'renewal_code', 'user_agent', 'password', 'name', 'email', 'id'],
  ...[
    'filters',
    'limit',
    'sync',
    'to_id',
    'content',
    'current_password',
    'new_password',
    '__proto__',
  ],
)
const texts = fc.oneof(
  fc.dictionary(fields, odd).map((command) => ({ ...command, password: SECRET })),
  fc.dictionary(fields, fc.string()),
  odd,
)
const names = fc.oneof(
  fc.constantFrom(
    ...angenCommands.map(({ name }) => name).filter((name) => !name.endsWith('disconnect')),
  ),
  fc.constantFrom('__proto__', 'constructor/x', '/', 'a/b', ''),
  odd,
)
const messages = fc.oneof(
  fc
    .record(
      { name: names, command: texts, message_id: fc.oneof(fc.string(), odd), details: odd },
      { requiredKeys: ['name', 'command'] },
    )
    .map((message) => JSON.stringify(message)),
  fc.string(),
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.string().map((text) => `{"name":"auth/get_token","command":{"password":"${SECRET}",${text}`),
)

test('whatever is sent is answered, once, and what was secret in it does not come back', async (t) => {
  const { connect, visit, errors } = await openFixture(t, {
    settings: { 'throttle.createPerMinute': 1_000_000 },
  })
  const peers = [connect(), await visit('ada')]
  await fc.assert(
    fc.asyncProperty(messages, async (text) => {
      for (const [at, peer] of peers.entries()) {
        const told = await peer.send(text)
        if (peer.wire.closedWith !== null) {
          // Somebody revoked its own tokens.
          assert.equal(told[0]?.name, 'system/success')
          peers[at] = await visit(`ada${Math.random()}`)
          continue
        }
        assert.ok(told.length >= 1, text)
        // An id is the client's to choose.
        const said = JSON.stringify(told.map(({ name, message }) => ({ name, message })))
        if (!text.includes('account/register') && !text.includes('update_client')) {
          assert.ok(!said.includes(SECRET), said)
        }
      }
    }),
    { numRuns: 1500 },
  )
  assert.deepEqual(errors, [])
})
