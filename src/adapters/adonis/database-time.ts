import { LatchkeyError } from '../../core/errors.ts'
import type { Framework } from './framework.ts'

/** A time as the drivers return it, a date, epoch milliseconds or SQL text, in epoch milliseconds. */
export function parseDatabaseTime(value: unknown, DateTime: Framework['DateTime']): number | null {
  if (value === null || value === undefined) return null
  const ms =
    value instanceof Date
      ? value.getTime()
      : typeof value === 'number'
        ? value
        : DateTime.fromSQL(String(value)).toMillis()
  // A session must not seem expired because its expiry cannot be read.
  if (Number.isNaN(ms)) throw new LatchkeyError('internal', 'A time in the database is no time.')
  return ms
}
