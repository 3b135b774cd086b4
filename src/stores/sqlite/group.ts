import type { DatabaseSync } from 'node:sqlite'
import { type ErrorCode, LatchkeyError } from '../../core/errors.ts'
import type { Writes } from './writes/index.ts'

/** One write as sent to the writing thread: its name and its arguments. */
export type Operation = readonly [name: keyof Writes, ...arguments_: unknown[]]

/** The answer to a write: the result, or the error. */
export type Answer =
  | readonly [ok: 1, result: unknown]
  | readonly [ok: 0, code: ErrorCode, message: string, cause: string, errcode: number | null]

/**
 * Prepares running groups of writes: one transaction and one wait for the disk per group. If a
 * write of a group fails, each is run again in its own transaction, so that the others are not
 * affected; savepoints would do the same but copy every page that a write changes.
 */
export function prepareGroup(db: DatabaseSync, writes: Writes) {
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  const rollback = db.prepare('ROLLBACK')

  function undo(): void {
    // On a full disk SQLite has already rolled the transaction back.
    if (db.isTransaction) rollback.run()
  }

  function perform([name, ...arguments_]: Operation): Answer {
    const write: (...arguments_: never[]) => unknown = writes[name]
    return [1, write(...(arguments_ as never[])) ?? null]
  }

  return function run(operations: readonly Operation[]): Answer[] {
    const answers: Answer[] = []
    let retry = false
    try {
      begin.run()
      retry = operations.length > 1
      for (const operation of operations) answers.push(perform(operation))
      retry = false
      commit.run()
      return answers
    } catch (error) {
      undo()
      if (retry) return operations.flatMap((operation) => run([operation]))
      return operations.map(() => failure(error))
    }
  }
}

function failure(error: unknown): Answer {
  const cause = error instanceof Error ? error.message : String(error)
  if (error instanceof LatchkeyError) return [0, error.code, error.message, cause, null]
  const number = (error as { errcode?: unknown } | null)?.errcode
  const errcode = typeof number === 'number' ? number : null
  return [0, 'unavailable', 'The data could not be written. Check the disk.', cause, errcode]
}
