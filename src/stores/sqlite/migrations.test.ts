import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkIntegrity, makeFolder, openStore } from '../../../test/support/sqlite/folder.ts'
import { writeVersion1 } from '../../../test/support/sqlite/version-1.ts'
import { identity, START, sessionRecord } from '../../testing/index.ts'

async function opened(t: Parameters<typeof makeFolder>[0]) {
  const folder = await makeFolder(t)
  writeVersion1(join(folder, 'latchkey.db'), START)
  return openStore(t, { folder })
}

test('sessions of a file of version 1 are kept, with the epochs of their owner', async (t) => {
  const { store, file } = await opened(t)
  const { sessions, data } = store
  const expected = {
    ...sessionRecord({ id: 'live', owner: 'ada', version: 3, generation: 4 }),
    ...{ tokenHash: 'token-hash', previousTokenHash: 'previous-hash' },
    renewal: {
      ...{ familyHash: 'family', hash: 'code', previousHash: 'old-code' },
      ...{ renewedAt: START + 5, sealed: 'blob', reissues: 0 },
    },
    ...{ authenticatedAt: START + 1, factors: [], lastUsedAt: START + 7, roles: ['user'] },
    client: { address: '192.0.2.7', userAgent: 'Browser “ü”', label: 'laptop' },
    ...{ globalEpoch: 2, ownerEpoch: 6, issuedAt: START + 5, usedAt: START },
  }
  assert.deepEqual(await sessions.find('live'), expected)
  assert.deepEqual(await sessions.findEpochs('ada'), { owner: 6, global: 2 })
  const { items } = await sessions.list({ now: START + 10, owner: 'ada', limit: 10 })
  assert.deepEqual(
    items.map(({ id }) => id),
    ['child', 'live'],
  )
  assert.equal((await sessions.find('over'))?.endReason, 'revoked')
  assert.deepEqual(await data.find('live'), { value: '{"cart":1}', version: 5 })
  assert.equal(await sessions.eraseSealed({ issuedBefore: START + 5, limit: 10 }), 0)
  // Its secrets were in use, so a replayed code is theft and gets no second successor.
  assert.equal(await sessions.update({ ...expected, version: 4 }, 3, { unused: true }), false)
  assert.equal(await sessions.update({ ...expected, version: 4 }, 3), true)
  const ended = await sessions.end(
    { owner: 'ada', except: 'live', raiseEpoch: true },
    { now: START + 20, reason: 'password_changed' },
  )
  assert.deepEqual(
    ended.map(({ id }) => id),
    ['old-lock', 'child'],
  )
  assert.deepEqual(await sessions.findEpochs('ada'), { owner: 7, global: 2 })
  assert.equal(await sessions.count({ now: START + 20 }), 1)
  assert.equal(await sessions.eraseSealed({ issuedBefore: START + 6, limit: 10 }), 4)
  assert.equal(checkIntegrity(file), 'ok')
})

test('actors, documents, counters and the audit trail of a file of version 1 are kept', async (t) => {
  const { store } = await opened(t)
  const found = await store.directory.findByIdentity('ada@example.org')
  assert.deepEqual(found, {
    actor: {
      ...{ id: 'ada', name: 'Ada', roles: ['user'], status: 'active', anonymous: false },
      ...{ identities: [identity('ada'), identity('ada@example.org')], createdAt: START },
    },
    passwordHash: 'hash',
    epoch: 6,
  })
  const { actor } = found ?? {}
  assert.ok(actor)
  const next = { name: 'Ada', identities: [identity('ada')], now: START, holdUntil: START + 10 }
  assert.equal(await store.directory.setIdentities('ada', next, actor.identities), 'ok')
  assert.equal((await store.documents.find('settings', START))?.version, 8)
  const rule = { kind: 'window', limit: 2, windowMs: 1000 } as const
  assert.equal((await store.counters.reserve([{ key: 'key', rule }], START)).ok, false)
  const trail = await store.audit.read({ limit: 10 })
  assert.deepEqual(
    trail.items.map(({ act }) => act),
    ['login', 'all_locked'],
  )
  const event = { name: 'x' }
  const limits = { maxEvents: 1, maxBytes: 100, maxAgeMs: 10 }
  await store.mailboxes.append('ada', event, { now: START, limits })
  assert.equal((await store.mailboxes.take('ada', { now: START })).events.length, 1)
})

test('a file of version 1 is migrated once, and is read after it was closed', async (t) => {
  const { store, folder } = await opened(t)
  await store.close()
  const again = await openStore(t, { folder })
  assert.equal((await again.store.sessions.find('live'))?.ownerEpoch, 6)
  assert.deepEqual((await again.store.directory.find('ada'))?.actor.identities, [
    identity('ada'),
    identity('ada@example.org'),
  ])
})
