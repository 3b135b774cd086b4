import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHEAP, PASSWORD } from '../../../test/support/authority.ts'
import { createAuthority } from '../../core/index.ts'
import { actorRecord, fakeClock, START, sessionRecord, storeCases } from '../../testing/index.ts'
import { memory } from '../memory/index.ts'
import { composeStore } from './index.ts'

/** Actors, documents and the trail on one engine, sessions and counters on another. */
function composed() {
  const clock = fakeClock()
  const [database, engine] = [memory({ clock }), memory({ clock })]
  const { directory, documents, audit, mailboxes, bus } = database
  const { sessions, data, counters } = engine
  const store = composeStore({
    ...{ directory, documents, audit, mailboxes, bus, sessions, data, counters, clock },
    engines: [engine, database],
  })
  return { store, database, engine, clock }
}

for (const { name, needs, run } of storeCases) {
  test(`composed: ${name}`, { skip: needs !== undefined }, async () => {
    await run({ store: composed().store })
  })
}

test('a session engine whose epoch is behind the directory’s refuses a login that read the older one', async () => {
  const { store, database } = composed()
  const record = sessionRecord({ owner: 'ada' })
  await database.directory.raiseEpoch('ada')
  assert.deepEqual(await store.sessions.findEpochs('ada'), { owner: 1, global: 0 })
  const current = { ...record, ownerEpoch: 1 }
  assert.equal((await store.sessions.create(current, { now: START })).ok, true)
  const old = sessionRecord({ owner: 'ada' })
  const refused = { ok: false, refused: 'epoch' }
  assert.deepEqual(await store.sessions.create(old, { now: START }), refused)
})

test('a login that read the epoch before a password change is refused while the session engine is behind', async () => {
  const { store, database, engine } = composed()
  const actor = actorRecord({ id: 'ada' })
  await store.directory.create(actor, 'old')
  const record = sessionRecord({ owner: 'ada' })
  assert.equal((await store.sessions.create(record, { now: START })).ok, true)
  // The process ends before it raises the session engine's copy.
  assert.equal(
    await database.directory.setPassword('ada', 'new', 'old', { raiseEpoch: true }),
    true,
  )
  assert.equal((await engine.sessions.findEpochs('ada')).owner, 0)
  const old = sessionRecord({ owner: 'ada' })
  const refused = { ok: false, refused: 'epoch' }
  assert.deepEqual(await store.sessions.create(old, { now: START }), refused)
  assert.equal(await store.sessions.find(old.id), null)
  const put = { mode: 'upsert', record: old, value: '1', now: START } as const
  assert.deepEqual(await store.data.put(put), refused)
  const acting = sessionRecord({ owner: 'bob', actsAs: 'ada' })
  const conditions = { now: START, targetEpoch: 0 }
  assert.deepEqual(await store.sessions.create(acting, conditions), refused)
  const current = sessionRecord({ owner: 'ada', ownerEpoch: 1 })
  assert.equal((await store.sessions.create(current, { now: START })).ok, true)
})

test('an end that raises the epoch raises it in the directory first, above both copies', async () => {
  const { store, database, engine } = composed()
  await database.directory.raiseEpoch('ada', 7)
  const ending = { now: START, reason: 'revoked' } as const
  await store.sessions.end({ owner: 'ada', raiseEpoch: true }, ending)
  assert.equal(await database.directory.raiseEpoch('ada', 0), 8)
  assert.equal((await engine.sessions.findEpochs('ada')).owner, 8)
})

test('a password change on a composed store ends the other sessions and keeps the one that asked', async (t) => {
  const { store } = composed()
  const authority = await createAuthority({ store, passwords: CHEAP, pruneEveryMs: 0 })
  t.after(() => authority.close())
  const registered = await authority.actors.register({ name: 'Ada', password: PASSWORD })
  assert.ok(registered.ok)
  const proof = { identity: 'ada', password: PASSWORD }
  const [kept, other] = [await authority.login(proof), await authority.login(proof)]
  assert.ok(kept.ok && other.ok)
  const changed = await authority.credentials.changePassword({
    actorId: registered.actor.id,
    currentPassword: PASSWORD,
    next: 'another fine stone',
    current: kept.session.id,
  })
  assert.ok(changed.ok)
  assert.equal((await authority.authenticate(kept.token)).ok, true)
  assert.equal((await authority.authenticate(other.token)).ok, false)
})
