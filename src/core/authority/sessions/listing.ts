import type { Page, SessionQuery } from '../../ports/index.ts'
import { expiresAt } from '../../session/lifetimes.ts'
import type { SessionListing, SessionRecord } from '../../session/record.ts'
import { rolesOf } from '../cache/session-entry.ts'
import type { AuthorityContext, CallOptions } from '../context.ts'
import { listExternal } from './external.ts'

/**
 * Returns live sessions, newest first, including uses that are not yet written. Contains ids, never
 * tokens.
 */
export async function listSessions(
  context: AuthorityContext,
  query: Partial<Omit<SessionQuery, 'now'>> & { readonly current?: string },
  options: CallOptions,
): Promise<Page<SessionListing>> {
  const { current, ...rest } = query
  const now = context.now(options)
  const page = await context.ask(
    () => context.store.sessions.list({ limit: 100, ...rest, now }),
    options.signal,
  )
  // Those of other systems come with the first page of an owner.
  const elsewhere =
    rest.owner === undefined || rest.after !== undefined || context.external.length === 0
      ? []
      : await listExternal(context, rest.owner, options)
  const items = [...page.items, ...elsewhere].map(async (record) => {
    const actor = record.anonymous ? null : await context.findActor(actorIdOf(record), now)
    return listing(context, { record, current, roles: rolesOf(record, actor?.roles ?? []) })
  })
  return {
    items: await Promise.all(items),
    ...(page.next === undefined ? {} : { next: page.next }),
  }
}

/** The id of the actor that a session acts as. */
function actorIdOf({ owner, actsAs }: SessionRecord): string {
  return actsAs ?? owner
}

function listing(
  context: AuthorityContext,
  {
    record,
    current,
    roles,
  }: {
    readonly record: SessionRecord
    readonly current: string | undefined
    readonly roles: readonly string[]
  },
): SessionListing {
  const written = Math.max(record.lastUsedAt, context.touches.find(record.id) ?? 0)
  const cached = context.sessions.peek(record.id)?.lastUsedAt ?? 0
  return {
    id: record.id,
    owner: record.owner,
    actsAs: record.actsAs,
    parent: record.parent,
    profile: record.profile,
    door: record.door,
    roles,
    anonymous: record.anonymous,
    createdAt: record.createdAt,
    authenticatedAt: record.authenticatedAt,
    expiresAt: expiresAt({ ...record, lastUsedAt: written }),
    endsAt: record.endsAt,
    generation: record.generation,
    group: record.group,
    lastUsedAt: Math.max(written, cached),
    client: record.client,
    current: record.id === current,
  }
}
