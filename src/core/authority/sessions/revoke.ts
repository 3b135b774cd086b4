import type { AuditAct } from '../../audit.ts'
import type { EndSelector } from '../../ports/index.ts'
import type { EndedSession, EndReason } from '../../session/record.ts'
import type { Authenticated } from './authenticate.ts'
import { type CallOptions, type Change, endedChange, type House } from '../context.ts'

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
  return house.write(
    () => house.store.sessions.end(which, { now: house.now(options), reason }, { audit }),
    (ended) => {
      const told = endedChange(ended)
      // One that is named and ended needs no more.
      return one && told !== null ? told : [told, staleChange(which)]
    },
    options.signal,
  )
}

// What is over already may still be believed where nobody was told: the answer to the write that ended it was lost.
function staleChange(which: EndSelector): Change {
  if ('id' in which) return { kind: 'session-changed', id: which.id }
  return { kind: 'actor-changed', id: 'actsAs' in which ? which.actsAs : which.owner }
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
  return house.write(
    () => house.store.sessions.raiseHouseEpoch({ audit }),
    (epoch) => ({ kind: 'house-locked', epoch }),
    options.signal,
  )
}
