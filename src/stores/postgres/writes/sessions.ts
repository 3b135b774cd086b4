import { sql } from 'kysely'
import { LatchkeyError } from '../../../core/errors.ts'
import type { CreateConditions, CreateOutcome, EndSelector } from '../../../core/ports/index.ts'
import type { EndedSession, EndReason, SessionRecord } from '../../../core/session/record.ts'
import { chooseEvicted } from '../../kit/eviction.ts'
import type { Statements } from '../database.ts'
import { findEpochs, findOwnerEpoch, isLive, raiseOwnerEpoch, raiseTo } from '../epochs.ts'
import { lock, lockOwners } from '../locks.ts'
import { toSessionRow } from '../session-row.ts'

/** The maximum number of sessions that one call ends by profile, door or group. */
const MATCHING_PER_CALL = 500

interface Ending {
  readonly now: number
  readonly reason: EndReason
}

/** Returns the writes of sessions that several statements of one transaction make. */
export function sessionWrites(schema: string) {
  /** Marks sessions as ended, each with its child sessions. Returns those that had not expired. */
  async function endAll(
    db: Statements,
    ids: readonly string[],
    { now, reason }: Ending,
  ): Promise<EndedSession[]> {
    if (ids.length === 0) return []
    const given = sql<string>`ANY(${[...ids]}::text[])`
    const why = sql<EndReason>`CASE WHEN id = ${given} THEN ${reason} ELSE 'parent_ended' END`
    const rows = await db
      .updateTable('sessions')
      .set({ ended_at: now, end_reason: why, version: sql`version + 1` })
      .where('ended_at', 'is', null)
      .where((e) => e.or([e('id', '=', given), e('parent', '=', given)]))
      .returning(['seq', 'id', 'owner', 'end_reason', 'expires_at'])
      .execute()
    return rows
      .filter((row) => row.expires_at > now)
      .sort((a, b) => a.seq - b.seq)
      .map(({ id, owner, end_reason }) => ({ id, owner, reason: end_reason ?? reason }))
  }

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

  /** Returns the ids to evict for a new session, or null if there is no room; `gone` is not counted. */
  async function makeRoom(
    db: Statements,
    { owner, profile }: SessionRecord,
    {
      now,
      limit,
      gone,
    }: Required<Pick<CreateConditions, 'now' | 'limit'>> & {
      readonly gone: ReadonlySet<string>
    },
  ): Promise<readonly string[] | null> {
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

  /** Returns the ids that a selector names. Its owners are locked. */
  async function selected(db: Statements, which: EndSelector, now: number): Promise<string[]> {
    const unended = db.selectFrom('sessions').select('id').where('ended_at', 'is', null)
    const idsOf = async (query: typeof unended) => {
      const rows = await query.orderBy('seq').execute()
      return rows.map(({ id }) => id)
    }
    if ('id' in which) {
      await lockOwners(db, schema, { owners: [], ofSessions: [which.id] })
      const query = unended.where('id', '=', which.id)
      return idsOf(which.owner === undefined ? query : query.where('owner', '=', which.owner))
    }
    if ('actsAs' in which) {
      // A new impersonation locks its target as well.
      await lock(db, 'owner', [which.actsAs])
      return idsOf(unended.where('acts_as', '=', which.actsAs))
    }
    if ('matching' in which) {
      let query = unended.where(isLive(schema, now))
      if (which.profile !== undefined) query = query.where('profile', '=', which.profile)
      if (which.door !== undefined) query = query.where('door', '=', which.door)
      if (which.group !== undefined) query = query.where('session_group', '=', which.group)
      const ids = await idsOf(query.limit(MATCHING_PER_CALL))
      await lockOwners(db, schema, { owners: [], ofSessions: ids })
      return ids
    }
    await lock(db, 'owner', [which.owner])
    if (which.keepAll === true) return []
    const ids = await idsOf(unended.where('owner', '=', which.owner))
    return ids.filter((id) => id !== which.except)
  }

  /** Returns whether an epoch has risen: the owner's, the global one, or that of the target of an impersonation. */
  async function isOutdated(db: Statements, record: SessionRecord, targetEpoch: number) {
    const { owner, global } = await findEpochs(db, record.owner)
    if (record.ownerEpoch < owner || record.globalEpoch < global) return true
    if (record.ownerEpoch > owner) await raiseTo(db, record.owner, record.ownerEpoch)
    const { actsAs } = record
    return actsAs !== null && (await findOwnerEpoch(db, actsAs)) > targetEpoch
  }

  async function lives(
    db: Statements,
    id: string,
    { now, gone }: { readonly now: number; readonly gone: ReadonlySet<string> },
  ): Promise<boolean> {
    return !gone.has(id) && (await findLive(db, id, now)).length > 0
  }

  async function insert(db: Statements, record: SessionRecord, dataFrom: string | null) {
    const moved = dataFrom === null ? {} : await takeData(db, dataFrom)
    const inserted = await db
      .insertInto('sessions')
      .values({ ...toSessionRow(record), ...moved })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returning('seq')
      .executeTakeFirst()
    if (inserted === undefined) {
      throw new LatchkeyError('conflict', 'A session of this id already exists.')
    }
  }

  return {
    /** Creates a session. The caller undoes the transaction if it is refused. */
    async create(
      db: Statements,
      record: SessionRecord,
      { now, limit, replaces, targetEpoch = 0 }: CreateConditions,
    ): Promise<CreateOutcome> {
      const { owner, actsAs, parent } = record
      await lockOwners(db, schema, {
        owners: actsAs === null ? [owner] : [owner, actsAs],
        ofSessions: [replaces?.id ?? [], parent ?? []].flat(),
      })
      if (await isOutdated(db, record, targetEpoch)) return { ok: false, refused: 'epoch' }
      const replaced = replaces === undefined ? [] : await findLive(db, replaces.id, now)
      const gone = new Set(replaced)
      const evicted = limit === undefined ? [] : await makeRoom(db, record, { now, limit, gone })
      if (evicted === null) return { ok: false, refused: 'limit' }
      for (const id of evicted) gone.add(id)
      if (parent !== null && !(await lives(db, parent, { now, gone }))) {
        return { ok: false, refused: 'parent' }
      }
      const reason = replaces?.reason ?? 'upgraded'
      const ended = await endAll(db, replaced, { now, reason })
      ended.push(...(await endAll(db, evicted, { now, reason: 'evicted' })))
      await insert(db, record, replaces?.moveData === true ? replaces.id : null)
      return { ok: true, ended }
    },

    /** Ends sessions, and returns whether it wrote anything. */
    async end(db: Statements, which: EndSelector, ending: Ending) {
      const ids = await selected(db, which, ending.now)
      const ended = await endAll(db, ids, ending)
      const raise = 'raiseEpoch' in which ? (which.raiseEpoch ?? false) : false
      if (raise !== false && 'raiseEpoch' in which) {
        const except = which.except === undefined ? null : { session: which.except }
        await raiseOwnerEpoch(db, schema, which.owner, {
          to: raise === true ? null : raise,
          keep: which.keepAll === true ? 'all' : except,
        })
      }
      return { ended, wrote: raise !== false || ended.length > 0 }
    },
  }
}

/** Removes the data of a session and returns its columns. */
async function takeData(db: Statements, id: string) {
  const found = await db
    .selectFrom('sessions')
    .select(['data', 'data_version'])
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  if (found === undefined) return {}
  await db
    .updateTable('sessions')
    .set({ data: null, data_version: 0 })
    .where('id', '=', id)
    .execute()
  return found
}
