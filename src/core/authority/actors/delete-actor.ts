import { type Refusal, refuse } from '../../errors.ts'
import { endedChange } from '../changes.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import { endExternalOf } from '../sessions/external.ts'
import { planErasure } from './erase-audit.ts'
import { leaveAdministration } from './last-administrator.ts'
import { managed } from './managed-directory.ts'

/**
 * Deletes an actor with its credentials, and ends its sessions and all impersonations of it. Its
 * identities are held for the setting `identity.holdMs`. The audit trail keeps the actor’s id, and its
 * personal data is erased at the next pruning. Refuses `not_found`, and `conflict` for the last active
 * administrator.
 */
export function deleteActor(
  context: AuthorityContext,
  actorId: string,
  options: CallOptions,
): Promise<{ ok: true; ended: number } | Refusal> {
  return settle(async () => {
    const directory = managed(context)
    const now = context.now(options)
    const holdMs = context.settings.get('identity.holdMs')
    const facts = { actor: options.by ?? null, target: actorId }
    const audit = context.entry('actor_deleted', 'ok', facts, options)
    const ending = { now, reason: 'deleted' } as const
    const remove = () =>
      context.write(
        async () => {
          const hold = holdMs === 0 ? {} : { holdUntil: now + holdMs }
          if (!(await directory.delete(actorId, { audit, ...hold }))) return null
          const { sessions } = context.store
          const raiseEpoch = await directory.findEpoch(actorId)
          const owned = await sessions.end({ owner: actorId, raiseEpoch }, ending)
          const acting = await sessions.end({ actsAs: actorId }, ending)
          return [
            ...owned,
            ...acting,
            ...(await endExternalOf(context, { owner: actorId }, ending)),
          ]
        },
        (ended) =>
          ended && [
            endedChange(ended),
            { kind: 'owner-epoch-raised', owner: actorId },
            { kind: 'actor-changed', id: actorId },
          ],
        options.signal,
      )
    const found = await context.findCredential(actorId, options.signal)
    if (found === null) return refuse('not_found', 'There is no such actor.')
    // Planned first, so that a process that ends in between leaves nothing that is never erased.
    await planErasure(context, actorId, now)
    const ended = await leaveAdministration(context, actorId, remove, options)
    if (ended === null) return refuse('not_found', 'There is no such actor.')
    const { counters, mailboxes } = context.store
    await Promise.all([
      context.ask(() => counters.remove([`login/${actorId}`, `code/${actorId}`])),
      ended.length === 0 ? null : context.ask(() => mailboxes.remove(ended.map(({ id }) => id))),
    ])
    return { ok: true, ended: ended.length }
  })
}
