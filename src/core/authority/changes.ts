import type { BusMessage } from '../ports/index.ts'
import type { EndedSession } from '../session/record.ts'

/** A change passed to listeners, made on this node or on another. */
export type Change = BusMessage

/**
 * Whether announcing a change waits until every node has applied it. Changes that revoke something
 * wait. A renewal whose old token stays valid, a setting and saved data do not.
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

/** Returns the message that sessions have ended, or null if the list is empty. */
export function endedChange(ended: readonly EndedSession[]): Change | null {
  return ended.length === 0 ? null : { kind: 'sessions-ended', ended }
}
