import assert from 'node:assert/strict'
import {
  actorRecord,
  auditEntry,
  conditions,
  createdSession,
  START,
  sessionRecord,
} from './records.ts'
import type { StoreCase, StoreSubject } from './store-case.ts'

async function reopened(subject: StoreSubject) {
  assert.ok(subject.reopen, 'this case requires a store that can be reopened')
  return subject.reopen()
}

/** Acknowledged writes survive the process. */
export const reopenCases: readonly StoreCase[] = [
  {
    name: 'reopen: every acknowledged write is stored',
    needs: 'reopen',
    async run(subject) {
      const { data, sessions, directory, documents, counters } = subject.store
      const actor = actorRecord()
      await directory.create(actor, 'hash', { audit: auditEntry({ act: 'actor_created' }) })
      const live = await createdSession(sessions)
      const gone = await createdSession(sessions, { owner: 'gone' })
      await data.save(live.id, 'bag', 0)
      await sessions.end(
        { owner: 'gone', raiseEpoch: true },
        { now: START + 1, reason: 'suspended' },
      )
      await sessions.touch([{ id: live.id, lastUsedAt: START + 7 }])
      await documents.save('key', 'value', { now: START, expiresAt: START + 1000 })
      const rule = { kind: 'window', limit: 2, windowMs: 1000 } as const
      await counters.reserve([{ key: 'a', rule }], START)

      const after = await reopened(subject)
      assert.deepEqual(await after.directory.findByIdentity(actor.identities[0]?.value ?? ''), {
        actor,
        passwordHash: 'hash',
        epoch: 0,
      })
      assert.deepEqual(await after.sessions.find(live.id), { ...live, lastUsedAt: START + 7 })
      assert.equal((await after.sessions.find(gone.id))?.endReason, 'suspended')
      assert.deepEqual(await after.data.find(live.id), { value: 'bag', version: 1 })
      assert.deepEqual(await after.sessions.findEpochs('gone'), { owner: 1, global: 0 })
      const stale = await after.sessions.create(sessionRecord({ owner: 'gone' }), conditions())
      assert.deepEqual(stale, { ok: false, refused: 'epoch' })
      assert.equal((await after.documents.find('key', START))?.version, 1)
      assert.deepEqual(await after.counters.reserve([{ key: 'a', rule }], START), {
        ok: true,
        count: 2,
      })
      assert.equal((await after.audit.list({ limit: 10 })).items[0]?.act, 'actor_created')
    },
  },
  {
    name: 'reopen: a lock-all stays in effect, and cursors stay valid',
    needs: 'reopen',
    async run(subject) {
      const { sessions, audit } = subject.store
      const { id } = await createdSession(sessions)
      await sessions.raiseGlobalEpoch()
      await audit.append([auditEntry({ at: START }), auditEntry({ at: START + 1 })])
      const { next } = await audit.list({ limit: 1 })
      assert.ok(next)
      const after = await reopened(subject)
      assert.equal(await after.sessions.count({ now: START }), 0)
      assert.equal((await after.sessions.find(id))?.globalEpoch, 0)
      assert.equal((await after.sessions.findEpochs('x')).global, 1)
      assert.deepEqual((await after.audit.list({ limit: 1, after: next })).items[0]?.at, START)
    },
  },
]
