import type { EndedSession, EndReason, SessionRecord } from '../session/record.ts'

/**
 * Sessions whose rows another system owns, found by their own token format. They are never cached;
 * a connection that uses one is checked again every second.
 */
export interface ExternalSessions {
  /** The name of the codec of their tokens. */
  readonly format: string
  /**
   * Finds the session of a parsed token, or null; `record.tokenHash` is compared as for any
   * session.
   */
  find(id: string): Promise<SessionRecord | null>
  /** Raises the last use, at most as often as the source writes it. */
  touch(id: string, lastUsedAt: number): Promise<void>
  /** Ends a session; returns null if there was none. */
  end(
    id: string,
    ending: { readonly now: number; readonly reason: EndReason },
  ): Promise<EndedSession | null>
  /** Lists live sessions of an owner, newest first, at most 1,000. */
  listByOwner(owner: string, now: number): Promise<readonly SessionRecord[]>
}
