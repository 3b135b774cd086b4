import { sql } from 'kysely'
import { type Identity, valuesOf } from '../../core/actor.ts'
import type { ActorWithCredential, EpochOptions, ManagedDirectory } from '../../core/ports/index.ts'
import { cutPage, pageSize, positionOf } from '../kit/paging.ts'
import { folded } from '../kit/text-search.ts'
import { type ActorRow, fromActorRow, identityColumns, toActorRow } from './actor-row.ts'
import { appendAudit } from './audit.ts'
import { type Database, type Statements, Undo } from './database.ts'
import { findOwnerEpoch, raiseOwnerEpoch } from './epochs.ts'
import { lock } from './locks.ts'

/** Creates a directory in a database. */
export function createDirectory(database: Database): ManagedDirectory {
  const { schema } = database

  function withEpoch(db: Statements) {
    return db
      .selectFrom('actors')
      .selectAll('actors')
      .select((e) =>
        e
          .selectFrom('epochs')
          .select('epoch')
          .whereRef('epochs.owner', '=', 'actors.id')
          .as('epoch'),
      )
  }

  function show(
    row: (ActorRow & { epoch: number | null }) | undefined,
  ): ActorWithCredential | null {
    if (row === undefined) return null
    return { actor: fromActorRow(row), passwordHash: row.password_hash, epoch: row.epoch ?? 0 }
  }

  /** Gives identities, which are locked, to an actor. Returns false if one is taken by another, or held for another at `now`. */
  async function claim(
    db: Statements,
    identities: readonly Identity[],
    actor: number,
    now: number,
  ) {
    const values = [...new Set(valuesOf(identities))]
    if (values.length === 0) return true
    const claimed = await db
      .insertInto('identities')
      .values(values.map((identity) => ({ identity, actor, held_until: null })))
      .onConflict((conflict) =>
        conflict
          .column('identity')
          .doUpdateSet({ actor, held_until: null })
          .where((e) =>
            e.or([e('identities.actor', '=', actor), e('identities.held_until', '<=', now)]),
          ),
      )
      .returning('identity')
      .execute()
    return claimed.length === values.length
  }

  async function giveUp(
    db: Statements,
    identities: readonly Identity[],
    { actor, holdUntil }: { readonly actor: number; readonly holdUntil: number | undefined },
  ) {
    const values = sql<string>`ANY(${valuesOf(identities)}::text[])`
    const query =
      holdUntil === undefined
        ? db.deleteFrom('identities').where('actor', '=', actor).where('identity', '=', values)
        : db
            .updateTable('identities')
            .set({ held_until: holdUntil })
            .where('actor', '=', actor)
            .where('identity', '=', values)
    await query.execute()
  }

  /** Runs a change of an actor, and raises its epoch in the same transaction where that is asked for. */
  function change<T>(
    id: string,
    options: EpochOptions | undefined,
    work: (db: Statements) => Promise<T | null>,
  ): Promise<T | null> {
    const raises = options?.raiseEpoch === true
    return database.transaction(async (db) => {
      if (raises) await lock(db, 'owner', [id])
      const changed = await work(db)
      if (changed === null) return null
      if (raises) await raiseOwnerEpoch(db, schema, id, { to: null, keep: options.keep ?? null })
      await appendAudit(db, options?.audit)
      return changed
    })
  }

  return {
    async find(id) {
      return show(
        await database.read((db) => withEpoch(db).where('actors.id', '=', id).executeTakeFirst()),
      )
    },

    async findByIdentity(identity) {
      const row = await database.read((db) =>
        withEpoch(db)
          .where('actors.seq', '=', (e) =>
            e
              .selectFrom('identities')
              .select('actor')
              .where('identity', '=', identity)
              .where('held_until', 'is', null),
          )
          .executeTakeFirst(),
      )
      return show(row)
    },

    async create(given, passwordHash, options) {
      // The caller may change its actor while the call waits for a connection.
      const actor = structuredClone(given)
      return database.transaction(async (db) => {
        await lock(db, 'identity', valuesOf(actor.identities))
        const row = await db
          .insertInto('actors')
          .values(toActorRow(actor, passwordHash))
          .onConflict((conflict) => conflict.column('id').doNothing())
          .returning('seq')
          .executeTakeFirst()
        if (row === undefined) return false
        if (!(await claim(db, actor.identities, row.seq, actor.createdAt))) throw new Undo(false)
        await appendAudit(db, options?.audit)
        return true
      })
    },

    async setPassword(id, passwordHash, expected, options) {
      const changed = await change(id, options, async (db) => {
        const row = await db
          .updateTable('actors')
          .set({ password_hash: passwordHash })
          .where('id', '=', id)
          .where(sql<boolean>`password_hash IS NOT DISTINCT FROM ${expected}`)
          .returning('seq')
          .executeTakeFirst()
        return row ?? null
      })
      return changed !== null
    },

    setIdentities: (id, { name, identities, now, holdUntil }, expected, options) =>
      database.transaction(async (db) => {
        await lock(db, 'identity', valuesOf([...expected, ...identities]))
        const row = await db
          .updateTable('actors')
          .set({ name, folded_name: folded(name), ...identityColumns(identities) })
          .where('id', '=', id)
          .where('identities', '=', JSON.stringify(expected))
          .returning('seq')
          .executeTakeFirst()
        if (row === undefined) return 'changed'
        await giveUp(db, expected, { actor: row.seq, holdUntil })
        if (!(await claim(db, identities, row.seq, now))) throw new Undo('taken' as const)
        await appendAudit(db, options?.audit)
        return 'ok'
      }),

    async update(id, { roles, status, name }, options) {
      const changes = {
        ...(roles === undefined ? {} : { roles: [...roles] }),
        ...(status === undefined ? {} : { status }),
        ...(name === undefined ? {} : { name, folded_name: folded(name) }),
      }
      const row = await change(id, options, async (db) => {
        const unchanged = Object.keys(changes).length === 0
        const query = unchanged
          ? db.selectFrom('actors').selectAll().where('id', '=', id)
          : db.updateTable('actors').set(changes).where('id', '=', id).returningAll()
        return (await query.executeTakeFirst()) ?? null
      })
      return row && fromActorRow(row)
    },

    async delete(id, options) {
      const gone = await change(id, { ...options, raiseEpoch: true }, async (db) => {
        const row = await db
          .deleteFrom('actors')
          .where('id', '=', id)
          .returning(['seq', 'identities'])
          .executeTakeFirst()
        if (row === undefined) return null
        const identities: Identity[] = JSON.parse(row.identities)
        await giveUp(db, identities, { actor: row.seq, holdUntil: options?.holdUntil })
        // A hold of a deleted actor is free for no actor, not even for one of the same id.
        await db
          .updateTable('identities')
          .set({ actor: 0 })
          .where('actor', '=', row.seq)
          .where('held_until', 'is not', null)
          .execute()
        return true
      })
      return gone !== null
    },

    findEpoch: (id) => database.read((db) => findOwnerEpoch(db, id)),

    raiseEpoch: (id, least) =>
      database.transaction(async (db) => {
        await lock(db, 'owner', [id])
        return raiseOwnerEpoch(db, schema, id, { to: least ?? null, keep: null })
      }),

    async pruneHolds({ now, limit }) {
      const removed = await database.write((db) =>
        db
          .deleteFrom('identities')
          .where('identity', 'in', (e) =>
            e
              .selectFrom('identities')
              .select('identity')
              .where('held_until', '<=', now)
              .orderBy('held_until')
              .limit(limit),
          )
          .where('held_until', '<=', now)
          .executeTakeFirst(),
      )
      return Number(removed.numDeletedRows)
    },

    async search({ text, role, status, limit, after }) {
      const size = pageSize(limit)
      const start = positionOf('actors', after)
      const rows = await database.read((db) => {
        let query = db.selectFrom('actors').selectAll()
        if (start !== null) query = query.where('seq', '>', start)
        if (status !== undefined) query = query.where('status', '=', status)
        if (role !== undefined) query = query.where(sql<boolean>`${role} = ANY(roles)`)
        if (text !== undefined) {
          const part = folded(text)
          query = query.where((e) =>
            e.or([
              e('id', '=', text),
              sql<boolean>`strpos(folded_name, ${part}) > 0`,
              sql<boolean>`strpos(folded_identities, ${part}) > 0`,
            ]),
          )
        }
        return query
          .orderBy('seq')
          .limit(size + 1)
          .execute()
      })
      return cutPage(rows, {
        listing: 'actors',
        limit: size,
        position: ({ seq }) => seq,
        item: fromActorRow,
      })
    },
  }
}
