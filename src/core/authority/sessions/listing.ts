import { LatchkeyError } from '../../errors.ts'
import type { Page, SessionQuery } from '../../ports/index.ts'
import { expiresAt, type SessionListing, type SessionRecord } from '../../session/record.ts'
import type { Authenticated } from './authenticate.ts'
import type { CallOptions, House } from '../context.ts'

/** Live sessions, newest first, with the uses that are not written yet. Handles only: no token can be made of them. */
export async function listSessions(
  house: House,
  query: Partial<Omit<SessionQuery, 'now'>> & { readonly current?: string },
  options: CallOptions,
): Promise<Page<SessionListing>> {
  const { current, ...rest } = query
  const now = house.now(options)
  const page = await house.ask(
    () => house.store.sessions.list({ limit: 100, ...rest, now }),
    options.signal,
  )
  return {
    items: page.items.map((record) => listing(house, record, current)),
    ...(page.next === undefined ? {} : { next: page.next }),
  }
}

function listing(house: House, record: SessionRecord, current: string | undefined): SessionListing {
  const written = Math.max(record.lastUsedAt, house.touches.find(record.id) ?? 0)
  const cached = house.sessions.peek(record.id)?.lastUsedAt ?? 0
  return {
    id: record.id,
    owner: record.owner,
    actsAs: record.actsAs,
    parent: record.parent,
    profile: record.profile,
    door: record.door,
    access: record.access,
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
  house: House,
  current: Authenticated,
  options: CallOptions,
): Promise<SessionData> {
  const found = await house.ask(
    () => house.store.sessions.findData(current.session.id),
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
  house: House,
  current: Authenticated,
  { value, version }: SessionData,
  options: CallOptions,
): Promise<number> {
  const text = JSON.stringify(value) ?? 'null'
  const limit = house.settings.get('session.maxDataBytes')
  if (Buffer.byteLength(text) > limit) {
    throw new LatchkeyError('too_large', `A session’s data may have ${limit} bytes.`)
  }
  const saved = await house.ask(
    () => house.store.sessions.saveData(current.session.id, text, version),
    options.signal,
  )
  if (saved !== null) {
    await house.announce({ kind: 'session-changed', id: current.session.id })
    return saved
  }
  throw new LatchkeyError('conflict', 'The data changed, or the session ended, in the meantime.')
}
