import { type RawBuilder, sql } from 'kysely'
import type { EpochOptions, Epochs } from '../../core/ports/index.ts'
import type { Statements } from './database.ts'

/** The condition that neither epoch has risen since a session was created or kept. */
export function isCurrent(schema: string): RawBuilder<boolean> {
  return sql<boolean>`(
    sessions.global_epoch >= (SELECT epoch FROM ${sql.table(`${schema}.global_epoch`)}) AND
    sessions.owner_epoch >= coalesce(
      (SELECT epoch FROM ${sql.table(`${schema}.epochs`)} AS e WHERE e.owner = sessions.owner), 0))`
}

/** The condition that a session is live at `now`. */
export function isLive(schema: string, now: number): RawBuilder<boolean> {
  return sql<boolean>`(
    sessions.ended_at IS NULL AND sessions.expires_at > ${now} AND ${isCurrent(schema)})`
}

/** Returns the epochs of an owner, in one statement. */
export async function findEpochs(db: Statements, owner: string): Promise<Epochs> {
  const row = await db
    .selectFrom('global_epoch')
    .select((e) => [
      'epoch as global',
      e.selectFrom('epochs').select('epoch').where('owner', '=', owner).as('owner'),
    ])
    .executeTakeFirst()
  return { owner: row?.owner ?? 0, global: row?.global ?? 0 }
}

/** Returns the epoch of an owner. */
export async function findOwnerEpoch(db: Statements, owner: string): Promise<number> {
  const row = await db
    .selectFrom('epochs')
    .select('epoch')
    .where('owner', '=', owner)
    .executeTakeFirst()
  return row?.epoch ?? 0
}

/** Raises the epoch of a locked owner to at least `to`. */
export async function raiseTo(db: Statements, owner: string, to: number): Promise<void> {
  await db
    .insertInto('epochs')
    .values({ owner, epoch: to })
    .onConflict((conflict) =>
      conflict.column('owner').doUpdateSet({ epoch: sql`greatest(epochs.epoch, ${to})` }),
    )
    .execute()
}

/** The sessions that stay live when an epoch rises. */
export type Keep = NonNullable<EpochOptions['keep']> | null

/**
 * Raises the epoch of a locked owner to at least `to`, by one by default; the live sessions that are kept get the new number.
 */
export async function raiseOwnerEpoch(
  db: Statements,
  schema: string,
  owner: string,
  raise: { readonly to: number | null; readonly keep: Keep },
): Promise<number> {
  const before = await findOwnerEpoch(db, owner)
  const epoch = Math.max(before, raise.to ?? before + 1)
  const { keep } = raise
  if (keep !== null) {
    const query = db
      .updateTable('sessions')
      .set({ owner_epoch: epoch, version: sql`version + 1` })
      .where('owner', '=', owner)
      .where('ended_at', 'is', null)
      .where(isCurrent(schema))
    await (keep === 'all' ? query : query.where('id', '=', keep.session)).execute()
  }
  await raiseTo(db, owner, epoch)
  return epoch
}
