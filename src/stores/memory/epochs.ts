import { isOutdated } from '../../core/session/lifetimes.ts'
import type { Tables } from './engine.ts'

/** Raises an owner's epoch to at least `to`; the live sessions that are kept get the new number. */
export function raiseOwnerEpoch(
  tables: Tables,
  owner: string,
  to: number,
  isKept: (id: string) => boolean,
): void {
  const before = { owner: tables.ownerEpochs.get(owner) ?? 0, global: tables.globalEpoch }
  const epoch = Math.max(before.owner, to)
  tables.ownerEpochs.set(owner, epoch)
  for (const id of tables.sessionsByOwner.get(owner) ?? []) {
    const row = tables.sessions.get(id)
    if (row === undefined || !isKept(id)) continue
    if (row.record.endedAt !== null || isOutdated(row.record, before)) continue
    row.record = { ...row.record, ownerEpoch: epoch, version: row.record.version + 1 }
  }
}
