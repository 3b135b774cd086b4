import type { Epochs } from '../ports/session-store.ts'
import type { SessionRecord } from './record.ts'

type Lifetime = Pick<SessionRecord, 'lastUsedAt' | 'idleMs' | 'tokenExpiresAt' | 'endsAt'>

/** Returns the instant at which a session expires: the earliest of idle, token and absolute end. */
export function expiresAt(record: Lifetime): number {
  let end = record.endsAt
  if (record.tokenExpiresAt !== null && record.tokenExpiresAt < end) end = record.tokenExpiresAt
  if (record.idleMs !== null && record.lastUsedAt + record.idleMs < end) {
    end = record.lastUsedAt + record.idleMs
  }
  return end
}

/** Returns whether a record is live at `now` under the current epochs, and if not, how it ended. A session is expired *at* the instant. */
export function stateOf(
  record: SessionRecord,
  { now, epochs }: { readonly now: number; readonly epochs: Epochs },
): 'live' | 'expired' | 'ended' {
  if (record.endedAt !== null || isOutdated(record, epochs)) return 'ended'
  return expiresAt(record) <= now ? 'expired' : 'live'
}

/** Returns whether an epoch has risen since a session was created or kept: the session is not live then. */
export function isOutdated(
  { ownerEpoch, globalEpoch }: Pick<SessionRecord, 'ownerEpoch' | 'globalEpoch'>,
  epochs: Epochs,
): boolean {
  return ownerEpoch < epochs.owner || globalEpoch < epochs.global
}
