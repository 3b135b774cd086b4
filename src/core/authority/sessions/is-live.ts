import type { LoadedRecord } from '../../ports/index.ts'
import { stateOf } from '../../session/lifetimes.ts'
import type { AuthorityContext } from '../context.ts'

/** Returns whether a session is live at `now`, uses that are not yet written included. */
export function isLive(
  context: AuthorityContext,
  { record, epochs }: LoadedRecord,
  now: number,
): boolean {
  const lastUsedAt = Math.max(record.lastUsedAt, context.touches.find(record.id) ?? 0)
  return stateOf({ ...record, lastUsedAt }, { now, epochs }) === 'live'
}
