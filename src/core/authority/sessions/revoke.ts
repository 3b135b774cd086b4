import type { AuditAct } from '../../audit.ts'
import { type Refusal, refuse } from '../../errors.ts'
import type { EndSelector } from '../../ports/index.ts'
import type { EndedSession, EndReason, SessionView } from '../../session/record.ts'
import { type Change, endedChange } from '../changes.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import { endExternal, endExternalOf } from './external.ts'

/**
 * Ends sessions: durably in the store, then in this process (cache and open connections), then on
 * every other node. Resolves when all of that is done. Returns the sessions that ended; a session
 * that had ended before is not among them.
 */
export async function endSessions(
  context: AuthorityContext,
  which: EndSelector,
  options: CallOptions & { readonly reason?: EndReason },
): Promise<readonly EndedSession[]> {
  const { reason = 'revoked', by = null } = options
  const one = 'id' in which
  const act: AuditAct = one
    ? reason === 'logged_out'
      ? 'logout'
      : 'session_ended'
    : 'sessions_ended'
  const audit = context.entry(
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
  const ending = { now: context.now(options), reason }
  return context.write(
    async () => [
      ...(await context.store.sessions.end(which, ending, { audit })),
      ...(await endElsewhere(context, which, ending)),
    ],
    (ended) => {
      const change = endedChange(ended)
      // A session that is named and has ended needs no further message.
      return one && change !== null ? change : [change, staleChange(which)]
    },
    options.signal,
  )
}

/**
 * Ends one session, with `owner` only a session of that owner. Succeeds for a session that ended
 * before and is still kept. Refuses `not_found` for any other id, whether it belongs to another owner
 * or does not exist.
 */
export function endOne(
  context: AuthorityContext,
  which: { readonly id: string; readonly owner?: string },
  options: CallOptions & { readonly reason?: EndReason },
): Promise<{ ok: true; ended: readonly EndedSession[] } | Refusal> {
  return settle(async () => {
    const ended = await endSessions(context, which, options)
    if (ended.length > 0) return { ok: true, ended }
    const record = await context.ask(() => context.store.sessions.find(which.id), options.signal)
    const isTheirs = record !== null && (which.owner ?? record.owner) === record.owner
    return isTheirs ? { ok: true, ended } : refuse('not_found', 'There is no such session.')
  })
}

/** Ends what other systems keep. */
async function endElsewhere(
  context: AuthorityContext,
  which: EndSelector,
  ending: { readonly now: number; readonly reason: EndReason },
): Promise<readonly EndedSession[]> {
  if (context.external.length === 0 || 'actsAs' in which || 'matching' in which) return []
  if ('anonymous' in which) return []
  if ('id' in which) return endExternal(context, which, ending)
  return which.keepAll === true ? [] : endExternalOf(context, which, ending)
}

// A session that ended earlier may still be cached on a node that got no message: the answer to the write that ended it was lost.
function staleChange(which: EndSelector): Change | null {
  if ('id' in which) return { kind: 'session-rotated', id: which.id }
  if ('matching' in which || 'anonymous' in which) return null
  return { kind: 'owner-epoch-raised', owner: 'actsAs' in which ? which.actsAs : which.owner }
}

/** Ends the session and the impersonations that were started from it. */
export async function logout(
  context: AuthorityContext,
  current: { readonly session: Pick<SessionView, 'id' | 'owner'> },
  options: CallOptions,
): Promise<void> {
  const { id, owner } = current.session
  const which = { id, owner }
  await endSessions(context, which, { ...options, reason: 'logged_out', by: owner })
}

/** Ends every session of the authority by raising the global epoch. Returns the new epoch. */
export async function lockAll(context: AuthorityContext, options: CallOptions): Promise<number> {
  const audit = context.entry('all_locked', 'ok', { actor: options.by ?? null }, options)
  return context.write(
    () => context.store.sessions.raiseGlobalEpoch({ audit }),
    (epoch) => ({ kind: 'global-epoch-raised', epoch }),
    options.signal,
  )
}
