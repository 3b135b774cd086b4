import type { DatabaseSync } from 'node:sqlite'
import { auditWrites, prepareAppend } from './audit.ts'
import { counterWrites } from './counters.ts'
import { directoryWrites } from './directory.ts'
import { documentWrites } from './documents.ts'
import { mailboxWrites } from './mailboxes.ts'
import { sessionDataWrites } from './session-data.ts'
import { sessionWrites } from './sessions.ts'

/** Prepares every write. Each decides and writes; the caller opens and commits the transaction. */
export function prepareWrites(db: DatabaseSync) {
  const append = prepareAppend(db)
  const sessions = sessionWrites(db, append)
  return {
    ...auditWrites(db, append),
    ...counterWrites(db),
    ...directoryWrites(db, append, sessions),
    ...documentWrites(db),
    ...mailboxWrites(db),
    ...sessionDataWrites(db, append, sessions),
    ...sessions,
  }
}

/** Every write by name. Arguments and results are JSON. */
export type Writes = ReturnType<typeof prepareWrites>
