import type { AuditAct } from '../audit.ts'
import type { EndSelector } from '../ports.ts'
import type { EndedSession, EndReason } from '../session.ts'
import type { Authenticated } from './authenticate.ts'
import type { CallOptions, House } from './house.ts'

/** Which sessions to end, and on whose behalf. */
export interface EndRequest {
  readonly which: EndSelector
  /** `revoked` by default. */
  readonly reason?: EndReason
  /** Who asks, for the audit trail; null for the house itself. */
  readonly by?: string | null
}

/**
 * Ends sessions: durably in the store, then at once in this process (cache and open connections), then on every node.
 * Resolves when all of that is done. Returns what was ended: nothing for sessions already over.
 */
export async function endSessions(
  house: House,
  { which, reason = 'revoked', by = null }: EndRequest,
  options: CallOptions,
): Promise<readonly EndedSession[]> {
  const one = 'id' in which
  const act: AuditAct = one
    ? reason === 'logged_out'
      ? 'logout'
      : 'session_ended'
    : 'sessions_ended'
  const audit = house.entry(
    act,
    'ok',
    {
      actor: by,
      target: 'owner' in which ? (which.owner ?? null) : 'actsAs' in which ? which.actsAs : null,
      session: one ? which.id : null,
      detail: { reason },
    },
    options,
  )
  const ended = await house.ask(
    () => house.store.sessions.end(which, { now: house.now(options), reason }, { audit }),
    options.signal,
  )
  await house.announceEnded(ended)
  return ended
}

/** Logs out: ends the session itself, and the impersonations that were started from it. */
export async function logout(
  house: House,
  current: Authenticated,
  options: CallOptions,
): Promise<void> {
  const { id, owner } = current.session
  const which = { id, owner }
  await endSessions(house, { which, reason: 'logged_out', by: owner }, options)
}

/** Ends every session of the house, by raising one number. Returns the new epoch. */
export async function lockAll(
  house: House,
  { by = null }: { readonly by?: string | null },
  options: CallOptions,
): Promise<number> {
  const audit = house.entry('house_locked', 'ok', { actor: by }, options)
  const epoch = await house.ask(
    () => house.store.sessions.raiseHouseEpoch({ audit }),
    options.signal,
  )
  await house.announce({ kind: 'house-locked', epoch })
  return epoch
}
