import { LatchkeyError } from '../../core/errors.ts'
import { emit } from './events.ts'
import { loadFramework } from './framework.ts'
import type { LucidClient, TableQuery } from './lucid.ts'
import type { ResolvedOptions } from './options.ts'
import type { Key, SessionTable } from './session-table.ts'

/** Options of `prune`. */
export interface PruneOptions {
  /** Rows of one transaction, 1 to 10,000. Default 1,000. */
  readonly batch?: number
  /** Called after each batch with the number of rows removed so far. */
  readonly onProgress?: (removed: number) => void
  /** Stops between two batches. */
  readonly signal?: AbortSignal
}

/** Removes the rows of sessions that are over, in batches; how many. */
export async function pruneSessions(
  table: SessionTable,
  { now, idleMs }: ResolvedOptions,
  { batch = 1000, onProgress, signal }: PruneOptions,
): Promise<number> {
  if (!Number.isInteger(batch) || batch < 1 || batch > 10_000) {
    throw new LatchkeyError('invalid_request', 'batch must be a whole number, 1 to 10,000.')
  }
  const { DateTime } = await loadFramework()
  const client = table.client()
  const until = (ms: number) => table.timeValue(DateTime.fromMillis(ms), client)
  const [expiresAt, usedAt, createdAt] = ['expiresAt', 'usedAt', 'createdAt'].map((name) =>
    table.column(name),
  ) as [string, string, string]
  const kinds: ((query: TableQuery) => TableQuery)[] = [
    (query) => query.where(expiresAt, '<=', until(now())),
  ]
  if (idleMs !== null) {
    kinds.push(
      (query) => query.where(usedAt, '<=', until(now() - idleMs)),
      (query) => query.whereNull(usedAt).where(createdAt, '<=', until(now() - idleMs)),
    )
  }
  let removed = 0
  for (const over of kinds) {
    let found: number
    do {
      signal?.throwIfAborted()
      found = await pruneBatch(table, client, over, batch)
      removed += found
      if (found > 0) onProgress?.(removed)
    } while (found > 0)
  }
  return removed
}

async function pruneBatch(
  table: SessionTable,
  client: LucidClient,
  over: (query: TableQuery) => TableQuery,
  batch: number,
): Promise<number> {
  const [id, owner] = [table.column(table.model.primaryKey), table.column(table.owner)]
  const rows = (await over(table.rows(client)).select(id, owner).limit(batch)) as Record<
    string,
    Key
  >[]
  if (rows.length === 0) return 0
  const ids = rows.map((row) => row[id])
  // The condition again: a session that was used in between is not over.
  const deleted = await over(table.rows(client)).whereIn(id, ids).del()
  for (const row of rows) {
    emit('session:ended', {
      sessionId: row[id] as Key,
      userId: row[owner] as Key,
      reason: 'expired',
    })
  }
  return Number(deleted)
}
