import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Actor, Authenticated, SessionView } from '../../core/index.ts'
import { Sessions, serviceDefinition } from '../../protocol/grpc/index.ts'
import { actorMessage, sessionMessage } from './messages.ts'
import { whoAmIBytes } from './who-am-i.ts'

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'binary-ascii', maxLength: 200 }),
)
const texts = fc.array(text, { maxLength: 40 })
const time = fc.oneof(fc.nat(300), fc.integer(), fc.maxSafeInteger())

const session: fc.Arbitrary<SessionView> = fc.record({
  id: text,
  owner: text,
  actsAs: fc.option(text),
  parent: fc.option(text),
  profile: text,
  door: text,
  roles: texts,
  anonymous: fc.boolean(),
  createdAt: time,
  authenticatedAt: time,
  expiresAt: time,
  endsAt: time,
  generation: fc.integer(),
})

const actor: fc.Arbitrary<Actor> = fc.record({
  id: text,
  name: fc.oneof(
    text,
    fc.nat(6000).map((length) => 'é'.repeat(length)),
  ),
  identities: texts,
  roles: texts,
  status: fc.constantFrom('active', 'suspended'),
  anonymous: fc.boolean(),
  createdAt: time,
})

test('the bytes are those of the generated message', () => {
  const { responseSerialize } = serviceDefinition(Sessions).whoAmI
  fc.assert(
    fc.property(session, actor, fc.option(actor), (session, actor, impersonator) => {
      const current: Authenticated = { ok: true, session, actor, impersonator, token: null }
      const generated = responseSerialize({
        session: sessionMessage(session),
        actor: actorMessage(actor),
        ...(impersonator !== null && { impersonator: actorMessage(impersonator) }),
      })
      assert.deepEqual(whoAmIBytes(current), generated)
    }),
    { numRuns: 300 },
  )
})
