import type { Epochs } from '../ports/session-store.ts'
import type { SessionRecord } from './record.ts'

type Lifetime = Pick<
  SessionRecord,
  'anonymous' | 'createdAt' | 'lastUsedAt' | 'idleMs' | 'tokenExpiresAt' | 'endsAt'
>

/**
 * The idle time of an anonymous session until its first use, if its own is longer: 5 minutes. A
 * client that keeps no cookie gets a new session with each request, and none of them is used again.
 */
export const UNPRESENTED_MS = 300_000

/** Returns the instant at which a session expires: the earliest of idle, token and absolute end. */
export function expiresAt(record: Lifetime): number {
  let end = record.endsAt
  if (record.tokenExpiresAt !== null && record.tokenExpiresAt < end) end = record.tokenExpiresAt
  if (record.idleMs === null) return end
  const unused = record.anonymous && record.lastUsedAt <= record.createdAt
  const idleEnd =
    record.lastUsedAt + (unused ? Math.min(record.idleMs, UNPRESENTED_MS) : record.idleMs)
  return idleEnd < end ? idleEnd : end
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
