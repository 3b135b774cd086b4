import type { SessionRecord } from './record.ts'

type Lifetime = Pick<SessionRecord, 'lastUsedAt' | 'idleMs' | 'tokenExpiresAt' | 'endsAt'>

/** The instant at which a session is over by itself: the earliest of idle, token and absolute end. */
export function expiresAt(record: Lifetime): number {
  let end = record.endsAt
  if (record.tokenExpiresAt !== null && record.tokenExpiresAt < end) end = record.tokenExpiresAt
  if (record.idleMs !== null && record.lastUsedAt + record.idleMs < end) {
    end = record.lastUsedAt + record.idleMs
  }
  return end
}

/** Whether a record is live at `now`, and if not, how it ended. Expired *at* the exact instant. */
export function stateOf(
  record: SessionRecord,
  { now, globalEpoch }: { now: number; globalEpoch: number },
): 'live' | 'expired' | 'ended' {
  if (record.endedAt !== null || record.globalEpoch < globalEpoch) return 'ended'
  return expiresAt(record) <= now ? 'expired' : 'live'
}
