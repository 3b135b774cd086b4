import type { CreateConditions } from '../../../core/ports/index.ts'
import type { SessionRecord } from '../../../core/session/record.ts'
import { anonymousPrefix, chooseEvicted } from '../../kit/eviction.ts'
import type { Statements } from '../database.ts'
import { isLive } from '../epochs.ts'

/** The maximum number of sessions that one call ends by profile, door or group. */
export const MATCHING_PER_CALL = 500

/** Returns the look-ups that decide whether a new session fits. The owner is locked. */
export function roomFinder(schema: string) {
  /** Returns the id of a session if it is live. */
  async function findLive(db: Statements, id: string, now: number): Promise<string[]> {
    const rows = await db
      .selectFrom('sessions')
      .select('id')
      .where('id', '=', id)
      .where(isLive(schema, now))
      .execute()
    return rows.map((row) => row.id)
  }

  async function overLimit(
    db: Statements,
    { owner, profile }: SessionRecord,
    {
      now,
      limit,
      gone,
    }: Required<Pick<CreateConditions, 'now' | 'limit'>> & {
      readonly gone: ReadonlySet<string>
    },
  ): Promise<string[] | null> {
    const rivals = await db
      .selectFrom('sessions')
      .select(['id', 'parent', 'created_at as createdAt', 'last_used_at as lastUsedAt'])
      .where('owner', '=', owner)
      .where('profile', '=', profile)
      .where(isLive(schema, now))
      .orderBy('seq')
      .execute()
    const left = rivals.filter(({ id, parent }) => !gone.has(id) && !gone.has(parent ?? ''))
    return chooseEvicted(left, limit)?.map(({ id }) => id) ?? null
  }

  async function overAtAddress(
    db: Statements,
    record: SessionRecord,
    perAddress: number,
  ): Promise<string[]> {
    const prefix = anonymousPrefix(record)
    if (prefix === null || prefix === '') return []
    const ofPrefix = db
      .selectFrom('sessions')
      .where('anonymous_prefix', '=', prefix)
      .where('ended_at', 'is', null)
    // After the limit was lowered, each creation evicts a bounded number.
    const counted = ofPrefix.select('seq').limit(perAddress + MATCHING_PER_CALL)
    const { count } = await db
      .selectFrom(counted.as('counted'))
      .select((e) => e.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    if (count < perAddress) return []
    const rows = await ofPrefix
      .select('id')
      .orderBy('last_used_at')
      .orderBy('seq')
      .limit(count - perAddress + 1)
      .execute()
    return rows.map(({ id }) => id)
  }

  return {
    findLive,

    /** Returns the ids to evict for a new session, or null if there is no room; the replaced one is not counted. */
    async evictedFor(
      db: Statements,
      record: SessionRecord,
      { now, limit, perAddress }: CreateConditions,
      replaced: readonly string[],
    ): Promise<string[] | null> {
      const gone = new Set(replaced)
      const evicted = limit === undefined ? [] : await overLimit(db, record, { now, limit, gone })
      if (evicted === null || perAddress === undefined) return evicted
      return [...evicted, ...(await overAtAddress(db, record, perAddress))]
    },

    /** Returns whether a new session has no parent, or one that lives on. */
    async parentLives(
      db: Statements,
      { parent }: SessionRecord,
      { now, gone }: { readonly now: number; readonly gone: ReadonlySet<string> },
    ): Promise<boolean> {
      return parent === null || (!gone.has(parent) && (await findLive(db, parent, now)).length > 0)
    },
  }
}
