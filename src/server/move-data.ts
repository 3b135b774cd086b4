import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { LatchkeyError } from '../core/errors.ts'
import { identityColumns } from '../stores/postgres/actor-row.ts'
import type { ImportedRow, ImportedTable, TableImport } from '../stores/postgres/index.ts'
import { toSessionRow } from '../stores/postgres/session-row.ts'
import { lockFolder } from '../stores/sqlite/connection.ts'
import { sqlite } from '../stores/sqlite/index.ts'
import { fromSessionRow, SESSION_COLUMNS, type SessionRow } from '../stores/sqlite/session-row.ts'
import { type DatabaseSources, databaseOf } from './database-tools.ts'
import { databaseOptions, loadPostgres } from './open-store.ts'

/** The tables of a data folder that are moved. Another one that has rows is refused, so that nothing is left behind unnoticed. */
const MOVED = [
  ...['global_epoch', 'epochs', 'sessions', 'session_data', 'actors', 'identities'],
  ...['counters', 'documents', 'audit', 'mailbox_events'],
]

/** How many rows of each table were moved. */
export type Moved = Readonly<Record<string, number>>

/**
 * Copies a data folder that no server uses into an empty database, and verifies the copy by counts and checksums. Every session, token
 * and password stays valid. If it is interrupted, it can be run again. Throws `not_found` for a folder without data, `conflict` for a folder in use and for
 * a database that has data.
 */
export async function moveData(folder: string, sources: DatabaseSources): Promise<Moved> {
  const file = join(folder, 'latchkey.db')
  if (!existsSync(file)) {
    throw new LatchkeyError('not_found', `${folder} is not a data folder. Name it with --from.`)
  }
  const { resolved, url } = await databaseOf(sources)
  // Opening it migrates its tables to those of this release.
  await (await sqlite({ folder })).close()
  const lock = lockFolder(folder)
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    refuseUnknown(db)
    const { importTables } = await loadPostgres()
    const target = await importTables(databaseOptions(resolved, url))
    try {
      await copy(db, target)
      return await target.finish()
    } finally {
      await target.close()
    }
  } finally {
    db.close()
    lock.close()
  }
}

function refuseUnknown(db: DatabaseSync): void {
  const tables = db
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all()
  for (const { name } of tables) {
    const isMoved = MOVED.includes(String(name))
    if (isMoved || db.prepare(`SELECT 1 FROM "${name}" LIMIT 1`).get() === undefined) continue
    throw new LatchkeyError('unavailable', `The table ${name} cannot be moved by this release.`)
  }
}

/** Returns the rows of a statement, one at a time. */
function rowsOf(db: DatabaseSync, text: string): Iterable<Record<string, never>> {
  return db.prepare(text).iterate() as Iterable<Record<string, never>>
}

async function copy(db: DatabaseSync, target: TableImport): Promise<void> {
  const plain = (table: ImportedTable, columns: string, order: string) =>
    target.insert(table, rowsOf(db, `SELECT ${columns} FROM ${table} ORDER BY ${order}`))
  await target.insert('global_epoch', [
    {
      one: true,
      epoch: Number(db.prepare('SELECT epoch FROM global_epoch').get()?.['epoch'] ?? 0),
    },
  ])
  await plain('epochs', 'owner, epoch', 'owner')
  await target.insert('sessions', sessionRows(db))
  const numbers = await target.insert('actors', actorRows(db))
  const seqs = [...rowsOf(db, 'SELECT seq FROM actors ORDER BY seq')]
  const numberOf = new Map(seqs.map(({ seq }, index) => [Number(seq), numbers[index] ?? 0]))
  await target.insert('identities', identityRows(db, numberOf))
  await plain('counters', 'key, count, at, expires_at', 'key')
  await plain('documents', 'key, value, version, expires_at', 'key')
  const entry = 'at, act, outcome, actor, target, session, door, address, identity_hash, detail'
  await plain('audit', entry, 'seq')
  await plain('mailbox_events', 'mailbox, event, bytes, dropped, expires_at', 'seq')
}

function* sessionRows(db: DatabaseSync): Iterable<ImportedRow> {
  const statement = db.prepare(
    `SELECT ${SESSION_COLUMNS}, value, data_version FROM sessions LEFT JOIN
       (SELECT seq AS data_seq, value, version AS data_version FROM session_data) ON data_seq = seq
     ORDER BY seq`,
  )
  statement.setReturnArrays(true)
  for (const given of statement.iterate()) {
    const row = given as unknown as [...SessionRow, value: string | null, version: number | null]
    const [value, version] = [row.at(-2), row.at(-1)] as [string | null, number | null]
    const record = fromSessionRow(row)
    yield { ...toSessionRow(record), data: value, data_version: version ?? 0 } as ImportedRow
  }
}

function* actorRows(db: DatabaseSync): Iterable<ImportedRow> {
  for (const row of rowsOf(db, 'SELECT * FROM actors ORDER BY seq')) {
    yield {
      id: row['id'],
      name: row['name'],
      folded_name: row['folded_name'],
      ...identityColumns(JSON.parse(String(row['identities']))),
      roles: JSON.parse(String(row['roles'])),
      status: row['status'],
      anonymous: Number(row['anonymous']) === 1,
      created_at: row['created_at'],
      password_hash: row['password_hash'],
    } as unknown as ImportedRow
  }
}

function* identityRows(
  db: DatabaseSync,
  numberOf: ReadonlyMap<number, number>,
): Iterable<ImportedRow> {
  const rows = rowsOf(db, 'SELECT identity, actor, held_until FROM identities ORDER BY identity')
  for (const row of rows) yield { ...row, actor: numberOf.get(Number(row['actor'])) ?? 0 }
}
