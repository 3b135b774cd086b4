import type { BusMessage } from '../ports/index.ts'
import type { EndedSession } from '../session/record.ts'

/** A change that listeners get: one of this node or of another. */
export type Change = BusMessage

/**
 * Whether a change waits until every node has applied it: what takes something away does. A renewal whose old token lives on, a setting and
 * saved data do not.
 */
export const NEEDS_CONFIRMATION: Readonly<Record<BusMessage['kind'], boolean>> = {
  'session-changed': false,
  'session-rotated': true,
  'sessions-ended': true,
  'owner-epoch-raised': true,
  'actor-changed': true,
  'global-epoch-raised': true,
  'settings-changed': false,
  'signing-keys-changed': false,
  'data-changed': false,
  event: false,
  'events-stored': true,
  missed: false,
}

/** The message that sessions have ended, or null where none has. */
export function endedChange(ended: readonly EndedSession[]): Change | null {
  return ended.length === 0 ? null : { kind: 'sessions-ended', ended }
}
