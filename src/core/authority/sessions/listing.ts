import { LatchkeyError } from '../../errors.ts'
import type { Page, SessionQuery } from '../../ports/index.ts'
import { expiresAt } from '../../session/lifetimes.ts'
import type { SessionListing, SessionRecord } from '../../session/record.ts'
import type { AuthorityContext, CallOptions } from '../context.ts'
import type { Authenticated } from './authenticate.ts'

/** Live sessions, newest first, with the uses that are not written yet. Handles only: no token can be made of them. */
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
  return {
    items: page.items.map((record) => listing(context, record, current)),
    ...(page.next === undefined ? {} : { next: page.next }),
  }
}

function listing(
  context: AuthorityContext,
  record: SessionRecord,
  current: string | undefined,
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
    roles: record.roles,
    anonymous: record.anonymous,
    createdAt: record.createdAt,
    authenticatedAt: record.authenticatedAt,
    expiresAt: expiresAt({ ...record, lastUsedAt: written }),
    endsAt: record.endsAt,
    generation: record.generation,
    lastUsedAt: Math.max(written, cached),
    client: record.client,
    current: record.id === current,
  }
}

/** What an application keeps with a session; ends with it. */
export interface SessionData {
  readonly value: unknown
  /** 0 for a bag that was never written. */
  readonly version: number
}

/** Reads the data bag of a session. */
export async function findData(
  context: AuthorityContext,
  current: Authenticated,
  options: CallOptions,
): Promise<SessionData> {
  const found = await context.ask(
    () => context.store.sessions.findData(current.session.id),
    options.signal,
  )
  return found === null
    ? { value: null, version: 0 }
    : { value: JSON.parse(found.value), version: found.version }
}

/**
 * Replaces the data bag if it is still at `version`, else throws `conflict`; over `session.maxDataBytes` of JSON throws
 * `too_large`. Returns the new version.
 */
export async function saveData(
  context: AuthorityContext,
  current: Authenticated,
  { value, version }: SessionData,
  options: CallOptions,
): Promise<number> {
  const text = JSON.stringify(value) ?? 'null'
  const limit = context.settings.get('session.maxDataBytes')
  if (Buffer.byteLength(text) > limit) {
    throw new LatchkeyError('too_large', `A session’s data may have ${limit} bytes.`)
  }
  const saved = await context.ask(
    () => context.store.sessions.saveData(current.session.id, text, version),
    options.signal,
  )
  if (saved !== null) {
    await context.announce({ kind: 'session-changed', id: current.session.id })
    return saved
  }
  throw new LatchkeyError('conflict', 'The data changed, or the session ended, in the meantime.')
}
