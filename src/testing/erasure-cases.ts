import assert from 'node:assert/strict'
import type { SessionRecord } from '../core/session/record.ts'
import { createdSession, START, sessionRecord } from './records.ts'
import type { StoreCase } from './store-case.ts'

function sealed(overrides: Partial<SessionRecord> = {}): Partial<SessionRecord> {
  const { renewal } = sessionRecord()
  return { renewal: renewal && { ...renewal, sealed: 'blob' }, ...overrides }
}

/** Sealed successors that are no longer needed. */
export const erasureCases: readonly StoreCase[] = [
  {
    name: 'erasure: sealed successors of generations issued before a time are erased, and nothing else',
    async run({ store: { sessions } }) {
      const old = await createdSession(sessions, sealed({ issuedAt: START + 999 }))
      const recent = await createdSession(sessions, sealed({ issuedAt: START + 1000 }))
      const ended = await createdSession(sessions, sealed({ issuedAt: START }))
      await sessions.end({ id: ended.id }, { now: START, reason: 'revoked' })
      await createdSession(sessions, { renewal: null })
      await createdSession(sessions)
      const query = { issuedBefore: START + 1000, limit: 10 }
      assert.equal(await sessions.eraseSealed(query), 2)
      assert.equal(await sessions.eraseSealed(query), 0)
      const renewal = old.renewal && { ...old.renewal, sealed: null }
      assert.deepEqual(await sessions.find(old.id), { ...old, renewal })
      assert.deepEqual(await sessions.find(recent.id), recent)
      assert.equal((await sessions.find(ended.id))?.renewal?.sealed, null)
    },
  },
  {
    name: 'erasure: no more than its limit in one call, and repeated calls erase all',
    async run({ store: { sessions } }) {
      for (let index = 0; index < 25; index++) await createdSession(sessions, sealed())
      const query = { issuedBefore: START + 1, limit: 10 }
      let total = 0
      for (let call = 0; call < 5; call++) {
        const erased = await sessions.eraseSealed(query)
        assert.ok(erased <= 10)
        total += erased
      }
      assert.equal(total, 25)
      const { items } = await sessions.list({ now: START, limit: 100 })
      assert.ok(items.every(({ renewal }) => renewal?.sealed === null))
    },
  },
]
