import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeFolder } from '../../test/support/sqlite/folder.ts'
import type { CounterRule, Store } from '../core/ports/index.ts'
import { actorRecord, auditEntry, identity, START, sessionRecord } from '../testing/index.ts'
import { memory } from './memory/index.ts'
import { sqlite } from './sqlite/index.ts'

/** One call that is the same on every store. */
type Call = (store: Store) => Promise<unknown>

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
const owner = fc.constantFrom('x', 'y')
const maybeId = fc.option(id)
const now = fc.integer({ min: START, max: START + 40 })
const version = fc.integer({ min: 0, max: 3 })
const options = { audit: auditEntry() }

const record = fc
  .record({
    id,
    owner,
    parent: fc.option(id, { freq: 2 }),
    actsAs: fc.option(owner),
    profile: fc.constantFrom('web', 'device'),
    createdAt: now,
    lastUsedAt: now,
    tokenExpiresAt: fc.option(now),
    idleMs: fc.option(fc.nat(30)),
    endsAt: now,
    globalEpoch: fc.nat(1),
    version,
    group: fc.option(fc.constantFrom('shop', 'desk')),
    usedAt: fc.option(now),
    issuedAt: now,
    generation: version,
    sealed: fc.option(fc.constant('blob')),
  })
  .map(({ sealed, ...fields }) => {
    const made = sessionRecord(fields)
    return { ...made, renewal: made.renewal && { ...made.renewal, sealed } }
  })

const limit = fc.record({
  max: fc.integer({ min: 1, max: 3 }),
  policy: fc.constantFrom(
    'evict-oldest' as const,
    'evict-least-recently-used' as const,
    'refuse' as const,
  ),
})

const create = fc
  .tuple(record, now, fc.option(limit), maybeId, fc.boolean())
  .map(([made, at, limited, replaced, stale]): Call => {
    return async ({ sessions }) => {
      const epochs = stale ? { owner: 0, global: 0 } : await sessions.findEpochs(made.owner)
      const session = { ...made, ownerEpoch: epochs.owner, globalEpoch: epochs.global }
      const conditions = {
        now: at,
        ...(limited ? { limit: limited } : {}),
        ...(replaced ? { replaces: { id: replaced, reason: 'upgraded' as const } } : {}),
      }
      return sessions.create(session, conditions, options)
    }
  })

const which = fc.oneof(
  fc.record({ id }),
  fc.record({ id, owner }),
  fc.record({ owner, except: id }),
  fc.record({ owner, raiseEpoch: fc.boolean(), keepAll: fc.boolean() }),
  fc.record({ actsAs: owner }),
  fc.record({ matching: fc.constant(true as const), group: fc.constant('shop') }),
  fc.record({ matching: fc.constant(true as const), profile: fc.constant('web') }),
  fc.record({ owner, except: id, raiseEpoch: fc.oneof(fc.boolean(), fc.nat(4)) }),
)

const sessionCall: fc.Arbitrary<Call> = fc.oneof(
  { weight: 4, arbitrary: create },
  fc.tuple(record, version).map(
    ([made, expected]): Call =>
      (s) =>
        s.sessions.update(made, expected, options),
  ),
  fc.array(fc.record({ id, lastUsedAt: now }), { maxLength: 3 }).map(
    (touches): Call =>
      (s) =>
        s.sessions.touch(touches),
  ),
  fc.tuple(which, now).map(
    ([chosen, at]): Call =>
      (s) =>
        s.sessions.end(chosen, { now: at, reason: 'revoked' }, options),
  ),
  fc.constant<Call>((s) => s.sessions.raiseGlobalEpoch()),
  fc.tuple(id, version, now).map(
    ([of, generation, at]): Call =>
      (s) =>
        s.sessions.markUsed(of, generation, at),
  ),
  id.map(
    (of): Call =>
      (s) =>
        s.sessions.load(of),
  ),
  fc
    .tuple(
      record,
      fc.constantFrom('create' as const, 'update' as const, 'upsert' as const),
      fc.option(version),
      now,
    )
    .map(([made, mode, expected, at]): Call => {
      const expectedVersion = expected === null ? {} : { expectedVersion: expected }
      return (s) => s.data.put({ mode, record: made, value: '1', now: at, ...expectedVersion })
    }),
  fc.record({ now, limit: fc.constant(3) }).map(
    (q): Call =>
      (s) =>
        s.data.list(q),
  ),
  fc.record({ before: now, limit: fc.constant(100) }).map(
    (q): Call =>
      (s) =>
        s.sessions.prune(q),
  ),
  fc.tuple(id, version).map(
    ([of, at]): Call =>
      (s) =>
        s.data.save(of, 'bag', at),
  ),
  fc.record({ issuedBefore: now, limit: fc.constant(100) }).map(
    (q): Call =>
      (s) =>
        s.sessions.eraseSealed(q),
  ),
  fc.record({ now, group: fc.constantFrom('shop', 'desk'), limit: fc.constant(3) }).map(
    (q): Call =>
      (s) =>
        s.sessions.list(q),
  ),
  fc.record({ now, limit: fc.constant(3) }).map(
    (q): Call =>
      (s) =>
        s.sessions.list(q),
  ),
  fc.record({ now, owner, limit: fc.constant(3) }).map(
    (q): Call =>
      (s) =>
        s.sessions.list(q),
  ),
)

const rule: fc.Arbitrary<CounterRule> = fc.oneof(
  fc.record({ kind: fc.constant('window' as const), limit: fc.nat(3), windowMs: fc.nat(20) }),
  fc.record({
    kind: fc.constant('backoff' as const),
    free: fc.nat(2),
    baseMs: fc.nat(5),
    maxMs: fc.nat(20),
    hardLimit: fc.option(fc.nat(5)),
    forgetMs: fc.nat(30),
  }),
)
const keys = fc.uniqueArray(id, { minLength: 1, maxLength: 3 })

const otherCall: fc.Arbitrary<Call> = fc.oneof(
  fc.tuple(keys, rule, now).map(
    ([wanted, of, at]): Call =>
      (s) =>
        s.counters.reserve(
          wanted.map((key) => ({ key, rule: of })),
          at,
        ),
  ),
  fc.tuple(keys, now).map(
    ([wanted, at]): Call =>
      (s) =>
        s.counters.refund(wanted, at),
  ),
  fc.tuple(now).map(
    ([at]): Call =>
      (s) =>
        s.counters.prune({ now: at, limit: 100 }),
  ),
  fc
    .tuple(id, now, fc.option(version), fc.option(now))
    .map(([key, at, expected, expiresAt]): Call => {
      const expectedVersion = expected === null ? {} : { expectedVersion: expected }
      return (s) => s.documents.save(key, 'value', { now: at, expiresAt, ...expectedVersion })
    }),
  fc.tuple(id, now).map(
    ([key, at]): Call =>
      (s) =>
        s.documents.find(key, at),
  ),
  fc.tuple(id, now).map(
    ([key, at]): Call =>
      (s) =>
        s.documents.remove(key, { now: at }),
  ),
  fc.tuple(now).map(
    ([at]): Call =>
      (s) =>
        s.documents.prune({ now: at, limit: 100 }),
  ),
  fc.tuple(id, fc.array(id, { maxLength: 3 })).map(([of, identities]): Call => {
    const actor = actorRecord({ id: of, identities: identities.map(identity), name: `Name ${of}` })
    return (s) => s.directory.create(actor, of, options)
  }),
  id.map(
    (text): Call =>
      (s) =>
        s.directory.search({ text, limit: 2 }),
  ),
  id.map(
    (value): Call =>
      (s) =>
        s.directory.findByIdentity(value),
  ),
  fc
    .tuple(id, fc.uniqueArray(id, { maxLength: 3 }), now, fc.option(now), fc.boolean())
    .map(([of, values, at, holdUntil, stale]): Call => {
      const next = {
        ...{ name: `Name ${of}`, identities: values.map(identity), now: at },
        ...(holdUntil === null ? {} : { holdUntil }),
      }
      return async (s) => {
        const expected = stale ? [] : ((await s.directory.find(of))?.actor.identities ?? [])
        return s.directory.setIdentities(of, next, expected, options)
      }
    }),
  fc.tuple(id, fc.option(now)).map(([of, holdUntil]): Call => {
    const held = holdUntil === null ? {} : { holdUntil }
    return (s) => s.directory.delete(of, { ...options, ...held })
  }),
  fc.tuple(id, id, fc.boolean()).map(
    ([of, hash, raiseEpoch]): Call =>
      (s) =>
        s.directory.setPassword(of, hash, of, { raiseEpoch, ...options }),
  ),
  fc.tuple(id, fc.boolean()).map(
    ([of, raiseEpoch]): Call =>
      (s) =>
        s.directory.update(of, { status: 'suspended' }, { raiseEpoch, ...options }),
  ),
  id.map(
    (of): Call =>
      (s) =>
        s.directory.findEpoch(of),
  ),
  fc.tuple(id, fc.option(fc.nat(3))).map(
    ([of, least]): Call =>
      (s) =>
        s.directory.raiseEpoch(of, least ?? undefined),
  ),
  now.map(
    (at): Call =>
      (s) =>
        s.directory.pruneHolds({ now: at, limit: 100 }),
  ),
  fc.tuple(id, fc.nat(200), now).map(([mailbox, size, at]): Call => {
    const limits = { maxEvents: 3, maxBytes: 300, maxAgeMs: 20 }
    const event = { name: 'e', data: 'x'.repeat(size) }
    return async (s) =>
      typeof (await s.mailboxes.append(mailbox, event, { now: at, limits })) === 'number'
  }),
  fc.tuple(id, now).map(([mailbox, at]): Call => {
    return async (s) => {
      const { events, dropped } = await s.mailboxes.take(mailbox, { now: at })
      return { events: events.map(({ event }) => event), dropped }
    }
  }),
  now.map(
    (at): Call =>
      (s) =>
        s.mailboxes.prune({ now: at, limit: 100 }),
  ),
  fc.constant<Call>(async (s) => {
    const first = await s.audit.read({ limit: 2 })
    const second = await s.audit.read({ limit: 2, after: first.cursor })
    return [...first.items, ...second.items].map(({ id: _, ...entry }) => entry)
  }),
  fc.record({ before: now, maxEntries: fc.nat(5), limit: fc.constant(3) }).map(
    (q): Call =>
      (s) =>
        s.audit.prune(q),
  ),
)

const outcomeOf = (call: Call, store: Store) =>
  call(store).catch((error: { code: string }) => ({ refused: error.code }))

/** Positions, and so cursors, differ between engines. Only the presence of a cursor is compared. */
const comparable = (value: unknown) =>
  JSON.parse(JSON.stringify(value ?? null), (key, inner) => (key === 'next' ? true : inner))

for (const [name, call] of [
  ['sessions', sessionCall],
  ['the other ports', otherCall],
] as const) {
  test(`memory and sqlite give the same answers for ${name}`, async (t) => {
    const calls = fc.array(call, { minLength: 10, maxLength: 60, size: 'max' })
    const property = fc.asyncProperty(calls, async (script) => {
      const real = await sqlite({ folder: await makeFolder(t) })
      const model = memory()
      try {
        for (const [index, step] of script.entries()) {
          const [expected, actual] = [await outcomeOf(step, model), await outcomeOf(step, real)]
          assert.deepEqual(comparable(actual), comparable(expected), `call ${index}`)
          for (const each of ['a', 'b', 'c', 'd', 'e', 'f']) {
            assert.deepEqual(await real.sessions.find(each), await model.sessions.find(each))
            assert.deepEqual(await real.data.find(each), await model.data.find(each))
          }
          const at = { now: START + 20 }
          assert.equal(await real.sessions.count(at), await model.sessions.count(at))
        }
        const trail = async (s: Store) => (await s.audit.list({ limit: 1000 })).items.length
        assert.equal(await trail(real), await trail(model))
      } finally {
        await real.close()
      }
    })
    await fc.assert(property, { numRuns: 40 })
  })
}
