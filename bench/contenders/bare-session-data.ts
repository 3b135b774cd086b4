import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Figures, Prepared } from '../harness/contender.ts'
import { shuffledIndexes } from '../harness/statistics.ts'
import { timeBatches, timeCallers } from '../harness/timed-loop.ts'
import { createFolder } from '../setup/folder.ts'
import { sessionValue } from '../setup/session-value.ts'

export interface Options {
  readonly verb: 'put' | 'read'
  readonly sessions: number
}

const BATCH = 1000

/** The floor of session data: one durable insert of the key's hash and the JSON, or a `Map` of JSON texts that are parsed. */
export async function prepare({ verb, sessions }: Options): Promise<Prepared> {
  const folder = await createFolder()
  const db = new DatabaseSync(join(folder.path, 'bare.db'))
  db.exec(`pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 16000;
    create table session (id text primary key, expires integer, value text not null) without rowid`)
  const insert = db.prepare('insert into session values (?, ?, ?)')
  const newKey = () => randomBytes(24).toString('base64url')
  const idOf = (key: string) => createHash('sha256').update(key).digest('base64url')
  const keys = Array.from({ length: sessions }, newKey)
  const values = new Map<string, string>()
  db.exec('begin')
  for (const [index, key] of keys.entries()) {
    const text = JSON.stringify(sessionValue(index))
    insert.run(idOf(key), Date.now(), text)
    values.set(idOf(key), text)
  }
  db.exec('commit')
  const order = shuffledIndexes(sessions)
  let at = 0

  const put = async () => {
    const text = JSON.stringify(sessionValue(at++))
    if (insert.run(idOf(newKey()), Date.now(), text).changes !== 1) throw new Error('not written')
  }
  const readBatch = async () => {
    for (let i = 0; i < BATCH; i++) {
      const key = keys[order[at++ % sessions] ?? 0] ?? ''
      const value: unknown = await Promise.resolve(JSON.parse(values.get(idOf(key)) ?? 'null'))
      if (value === null) throw new Error('not found')
    }
  }

  return {
    measure: (ms): Promise<Figures> =>
      verb === 'put' ? timeCallers(ms, 1, put) : timeBatches(ms, BATCH, readBatch),
    async close() {
      db.close()
      await folder.remove()
    },
  }
}
