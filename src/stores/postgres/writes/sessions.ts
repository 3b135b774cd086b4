import { sql } from 'kysely'
import { LatchkeyError } from '../../../core/errors.ts'
import type { CreateConditions, CreateOutcome, EndSelector } from '../../../core/ports/index.ts'
import type { EndedSession, EndReason, SessionRecord } from '../../../core/session/record.ts'
import { anonymousPrefix } from '../../kit/eviction.ts'
import type { Statements } from '../database.ts'
import { findEpochs, findOwnerEpoch, isLive, raiseOwnerEpoch, raiseTo } from '../epochs.ts'
import { lock, lockOwners } from '../locks.ts'
import { toSessionRow } from '../session-row.ts'
import { MATCHING_PER_CALL, roomFinder } from './room.ts'

interface Ending {
  readonly now: number
  readonly reason: EndReason
}

/** Returns the writes of sessions that several statements of one transaction make. */
export function sessionWrites(schema: string) {
  const room = roomFinder(schema)

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
    // In the order of the ids, then their children.
    const places = new Map(ids.map((id, index) => [id, index]))
    const placeOf = ({ id, seq }: { id: string; seq: number }) => places.get(id) ?? ids.length + seq
    return rows
      .filter((row) => row.expires_at > now)
      .sort((a, b) => placeOf(a) - placeOf(b))
      .map(({ id, owner, end_reason }) => ({ id, owner, reason: end_reason ?? reason }))
  }

  const unended = (db: Statements) =>
    db.selectFrom('sessions').select('id').where('ended_at', 'is', null)
  async function idsOf(query: ReturnType<typeof unended>): Promise<string[]> {
    const rows = await query.orderBy('seq').execute()
    return rows.map(({ id }) => id)
  }

  /** Returns the ids that match a profile, a door or a group, and locks their owners. */
  async function matching(
    db: Statements,
    { profile, door, group }: Extract<EndSelector, { matching: true }>,
    now: number,
  ): Promise<string[]> {
    let query = unended(db).where(isLive(schema, now))
    if (profile !== undefined) query = query.where('profile', '=', profile)
    if (door !== undefined) query = query.where('door', '=', door)
    if (group !== undefined) query = query.where('session_group', '=', group)
    const ids = await idsOf(query.limit(MATCHING_PER_CALL))
    await lockOwners(db, schema, { owners: [], ofSessions: ids })
    return ids
  }

  /** Returns the ids that a selector names, and locks their owners. */
  async function selected(db: Statements, which: EndSelector, now: number): Promise<string[]> {
    if ('id' in which) {
      await lockOwners(db, schema, { owners: [], ofSessions: [which.id] })
      const query = unended(db).where('id', '=', which.id)
      return idsOf(which.owner === undefined ? query : query.where('owner', '=', which.owner))
    }
    if ('anonymous' in which) {
      const leastUsed = unended(db).where('anonymous_prefix', 'is not', null)
      return idsOf(leastUsed.orderBy('last_used_at').limit(which.limit))
    }
    if ('actsAs' in which) {
      // A new impersonation locks its target as well.
      await lock(db, 'owner', [which.actsAs])
      return idsOf(unended(db).where('acts_as', '=', which.actsAs))
    }
    if ('matching' in which) return matching(db, which, now)
    await lock(db, 'owner', [which.owner])
    if (which.keepAll === true) return []
    const ids = await idsOf(unended(db).where('owner', '=', which.owner))
    return ids.filter((id) => id !== which.except)
  }

  async function lockFor(
    db: Statements,
    record: SessionRecord,
    { replaces, perAddress }: CreateConditions,
  ): Promise<void> {
    const { owner, actsAs, parent } = record
    await lockOwners(db, schema, {
      owners: actsAs === null ? [owner] : [owner, actsAs],
      ofSessions: [replaces?.id ?? [], parent ?? []].flat(),
      address: perAddress === undefined ? null : anonymousPrefix(record),
    })
  }

  /** Returns whether an epoch has risen: the owner's, the global one, or that of the target of an impersonation. */
  async function isOutdated(db: Statements, record: SessionRecord, targetEpoch: number) {
    const { owner, global } = await findEpochs(db, record.owner)
    if (record.ownerEpoch < owner || record.globalEpoch < global) return true
    if (record.ownerEpoch > owner) await raiseTo(db, record.owner, record.ownerEpoch)
    const { actsAs } = record
    return actsAs !== null && (await findOwnerEpoch(db, actsAs)) > targetEpoch
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
      conditions: CreateConditions,
    ): Promise<CreateOutcome> {
      const { now, replaces, targetEpoch = 0 } = conditions
      await lockFor(db, record, conditions)
      if (await isOutdated(db, record, targetEpoch)) return { ok: false, refused: 'epoch' }
      const replaced = replaces === undefined ? [] : await room.findLive(db, replaces.id, now)
      const evicted = await room.evictedFor(db, record, conditions, replaced)
      if (evicted === null) return { ok: false, refused: 'limit' }
      const gone = new Set([...replaced, ...evicted])
      if (!(await room.parentLives(db, record, { now, gone }))) {
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
