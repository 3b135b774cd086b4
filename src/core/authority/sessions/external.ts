import type { ExternalSessions } from '../../ports/index.ts'
import { stateOf } from '../../session/lifetimes.ts'
import type { EndedSession, EndReason, SessionRecord } from '../../session/record.ts'
import { hashOfDigest, sameDigest } from '../../token/secret.ts'
import { isSessionId } from '../../token/session-id.ts'
import { SessionEntry } from '../cache/session-entry.ts'
import type { AuthorityContext, CallOptions } from '../context.ts'

/** What a check of a session of another system found. */
export type ExternalCheck =
  | { readonly state: 'live'; readonly entry: SessionEntry }
  | { readonly state: 'invalid' | 'expired' | 'suspended' }

/**
 * Reads a session of another system and decides on it. Nothing is cached, and the epochs of this authority do not apply: the rows belong to
 * the other system. Without a digest the secret is not compared.
 */
export async function checkExternal(
  context: AuthorityContext,
  source: ExternalSessions,
  {
    id,
    digest,
    now,
  }: { readonly id: string; readonly digest: string | null; readonly now: number },
  { passive }: { readonly passive: boolean },
): Promise<ExternalCheck> {
  const record = await context.ask(() => source.find(id))
  if (record === null) return { state: 'invalid' }
  if (digest !== null && !sameDigest(record.tokenHash, hashOfDigest(digest))) {
    return { state: 'invalid' }
  }
  if (!isLive(record, now)) return { state: 'expired' }
  const actor = await context.findActor(record.owner, now)
  if (actor === null) return { state: 'suspended' }
  if (!passive) await context.ask(() => source.touch(id, now))
  return { state: 'live', entry: new SessionEntry(record, actor, null) }
}

function isLive(record: SessionRecord, now: number): boolean {
  const epochs = { owner: record.ownerEpoch, global: record.globalEpoch }
  return stateOf(record, { now, epochs }) === 'live'
}

/** The live sessions that other systems keep for an owner. */
export async function listExternal(
  context: AuthorityContext,
  owner: string,
  options: CallOptions,
): Promise<readonly SessionRecord[]> {
  const now = context.now(options)
  const lists = context.external.map((source) =>
    context.ask(() => source.listByOwner(owner, now), options.signal),
  )
  return (await Promise.all(lists)).flat()
}

/** Ends a session of another system by its id; of an owner where one is given. */
export async function endExternal(
  context: AuthorityContext,
  { id, owner }: { readonly id: string; readonly owner?: string },
  ending: { readonly now: number; readonly reason: EndReason },
): Promise<readonly EndedSession[]> {
  // An id of this authority has a form that ids of other systems are not looked up by.
  if (isSessionId(id)) return []
  for (const source of context.external) {
    const found = await source.find(id)
    if (found === null || (owner !== undefined && found.owner !== owner)) continue
    const ended = await source.end(id, ending)
    if (ended !== null) return [ended]
  }
  return []
}

/** Ends all sessions that other systems keep for an owner, but one. */
export async function endExternalOf(
  context: AuthorityContext,
  { owner, except }: { readonly owner: string; readonly except?: string },
  ending: { readonly now: number; readonly reason: EndReason },
): Promise<readonly EndedSession[]> {
  const ended: EndedSession[] = []
  for (const source of context.external) {
    for (const { id } of await source.listByOwner(owner, ending.now)) {
      if (id === except) continue
      const done = await source.end(id, ending)
      if (done !== null) ended.push(done)
    }
  }
  return ended
}
