import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Prepared } from '../harness/contender.ts'
import { shuffledIndexes } from '../harness/statistics.ts'
import { timeBatches } from '../harness/timed-loop.ts'
import { createFolder, folderBytes } from '../setup/folder.ts'

export interface Options {
  readonly verb: 'create' | 'renew'
  readonly sessions: number
  /** Writes in a transaction, each ended by a wait for the disk. */
  readonly group: number
}

/**
 * The floor of a durable write: `node:sqlite` and one table of an id and a record, written in groups on this thread. No
 * index on owners, no limit, no epochs, no audit trail, no cryptography, nobody to answer.
 */
export async function prepare({ verb, sessions, group }: Options): Promise<Prepared> {
  const folder = await createFolder()
  const file = join(folder.path, 'bare.db')
  const create = 'create table session (id text primary key, record text not null) without rowid'
  let db = open(file)
  db.exec(create)
  const ids = Array.from({ length: sessions }, newId)
  fill(db, ids)
  db.close()
  const bytesPerSession = (await folderBytes(folder.path)) / sessions
  db = open(file)

  const order = shuffledIndexes(sessions)
  const insert = db.prepare('insert into session values (?, ?)')
  const update = db.prepare('update session set record = ? where id = ?')
  const writeGroup = (from: number) => {
    db.exec('begin immediate')
    for (let i = from; i < from + group; i++) {
      const id = ids[order[i % sessions] ?? 0] ?? ''
      const { changes } =
        verb === 'create' ? insert.run(newId(), newRecord(id)) : update.run(newRecord(id), id)
      if (changes !== 1) throw new Error('nothing written')
    }
    db.exec('commit')
  }

  return {
    facts: { bytesPerSession },
    measure: (ms) => timeBatches(ms, group, async (from) => writeGroup(from)),
    async close() {
      db.close()
      await folder.remove()
    },
  }
}

function open(file: string): DatabaseSync {
  const db = new DatabaseSync(file)
  db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -131072')
  return db
}

function fill(db: DatabaseSync, ids: readonly string[]): void {
  const insert = db.prepare('insert into session values (?, ?)')
  db.exec('begin')
  for (const id of ids) insert.run(id, newRecord(id))
  db.exec('commit')
}

function newId(): string {
  return randomBytes(16).toString('base64url')
}

// About what a record needs to say: whose, three digests, five times, where from.
function newRecord(id: string): string {
  const digest = () => randomBytes(32).toString('base64url')
  const now = Date.now()
  return JSON.stringify({
    id,
    owner: randomUUID(),
    profile: 'web',
    door: 'library',
    digests: [digest(), digest(), digest()],
    times: [now, now, now, now, now],
    client: { address: null, userAgent: null, label: null },
  })
}
