import { parentPort, workerData } from 'node:worker_threads'
import { LatchkeyError } from '../../core/errors.ts'
import { openWriter } from './connection.ts'
import { type Operation, prepareGroup } from './group.ts'
import { prepareWrites } from './writes/index.ts'

/*
 * The writing thread: owns the one connection that writes, so that no wait for the disk is ever a wait of the event
 * loop. It says `ready` or why it cannot be, then answers each group with one message.
 */

/**
 * Writes between checkpoints: some 15 MB of log, 30 ms of work. It is done after the answers are out, so that only the
 * next group waits for it; the connection's own checkpoint, inside a commit, is for groups of large values.
 */
const WRITES_PER_CHECKPOINT = 4000

function serve(port: NonNullable<typeof parentPort>): void {
  const db = openWriter(workerData)
  const run = prepareGroup(db, prepareWrites(db))
  const checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)')
  let unchecked = 0
  port.on('message', (message: string) => {
    if (message === 'close') {
      db.close()
      port.postMessage('closed')
      port.close()
      return
    }
    const operations: Operation[] = JSON.parse(message)
    port.postMessage(JSON.stringify(run(operations)))
    unchecked += operations.length
    if (unchecked < WRITES_PER_CHECKPOINT) return
    unchecked = 0
    try {
      checkpoint.all()
    } catch {
      // Nothing is lost by it: the log stays, and the next one tries again.
    }
  })
  port.postMessage('ready')
}

if (parentPort !== null) {
  try {
    serve(parentPort)
  } catch (error) {
    const told = error instanceof LatchkeyError ? error : null
    parentPort.postMessage({
      refused: told?.message ?? 'The data could not be opened.',
      cause: error instanceof Error ? error.message : String(error),
    })
    parentPort.close()
  }
}
