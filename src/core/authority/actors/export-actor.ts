import type { Actor } from '../../actor.ts'
import type { AuditPage } from '../../audit.ts'
import { type Refusal, refuse } from '../../errors.ts'
import type { SessionListing } from '../../session/record.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import { listSessions } from '../sessions/listing.ts'

/** What the authority stores about an actor. Contains no secret. */
export interface ActorExport {
  /** The actor with its identities and roles. */
  readonly actor: Actor
  /** The live sessions; only on the first page. */
  readonly sessions: readonly SessionListing[]
  /** The acts of the actor, newest first. */
  readonly audit: AuditPage['items']
  /** The cursor of the next page of `audit`; absent on the last page. */
  readonly next?: string
}

/**
 * Returns what the authority stores about an actor: the actor, its live sessions and a page of its
 * audit entries. Refuses `not_found`.
 */
export function exportActor(
  context: AuthorityContext,
  actorId: string,
  { limit = 1000, after }: { readonly limit?: number; readonly after?: string },
  options: CallOptions,
): Promise<({ ok: true } & ActorExport) | Refusal> {
  return settle(async () => {
    const actor = (await context.findCredential(actorId, options.signal))?.actor
    if (actor === undefined) return refuse('not_found', 'There is no such actor.')
    const owned = { owner: actorId, limit: 1000 }
    const sessions = after === undefined ? (await listSessions(context, owned, options)).items : []
    const query = { actor: actorId, limit, ...(after === undefined ? {} : { after }) }
    const { items, next } = await context.ask(() => context.store.audit.list(query), options.signal)
    return { ok: true, actor, sessions, audit: items, ...(next === undefined ? {} : { next }) }
  })
}
