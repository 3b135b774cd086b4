import { parentPort, workerData } from 'node:worker_threads'
import { LatchkeyError } from '../../core/errors.ts'
import { openWriter } from './connection.ts'
import { type Operation, prepareGroup } from './group.ts'
import { prepareWrites } from './writes/index.ts'

/*
 * The writing thread: it has the only connection that writes, so that the event loop never waits
 * for the disk. It sends `ready` or the reason why it cannot start, then answers each group with
 * one message.
 */

/**
 * Writes between checkpoints: about 15 MB of log, 30 ms of work. A checkpoint runs after the
 * answers are sent, so that only the next group waits for it; the connection's own checkpoint,
 * inside a commit, is for groups of large values.
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
      // A failed checkpoint loses nothing: the log stays, and the next one tries again.
    }
  })
  port.postMessage('ready')
}

if (parentPort !== null) {
  try {
    serve(parentPort)
  } catch (error) {
    const refusal = error instanceof LatchkeyError ? error : null
    parentPort.postMessage({
      refused: refusal?.message ?? 'The data could not be opened.',
      cause: error instanceof Error ? error.message : String(error),
    })
    parentPort.close()
  }
}
