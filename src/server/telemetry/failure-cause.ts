import type { ErrorCode, Refusal } from '../../core/index.ts'

/** Codes that are failures of the server, and not mistakes of a client. */
const FAILURES: ReadonlySet<ErrorCode> = new Set(['internal', 'unavailable', 'busy', 'timeout'])

/** SQLite's primary result codes, by which an operator acts differently. */
const SQLITE: Readonly<Record<number, string>> = {
  5: 'locked',
  6: 'locked',
  10: 'io',
  13: 'disk_full',
}

const ENGINE_CODES: Readonly<Record<string, string>> = {
  ENOSPC: 'disk_full',
  EIO: 'io',
  EROFS: 'io',
  ECONNREFUSED: 'connection',
  ECONNRESET: 'connection',
  ETIMEDOUT: 'connection',
  ENOTFOUND: 'connection',
  // PostgreSQL: disk_full, too_many_connections, cannot_connect_now.
  '53100': 'disk_full',
  '53300': 'connection',
  '57P03': 'connection',
}

/** How many causes of causes are looked at. */
const MAX_DEPTH = 5

/**
 * Returns the cause of a failure that was sent to a client, for metrics: what the engine reported (`disk_full`, `io`, `locked`,
 * `connection`), else what failed, else `unknown`. Returns null for a refusal that is no failure of the server, and for a client that has
 * disconnected.
 */
export function failureCause({ code, source, cause }: Refusal): string | null {
  if (!FAILURES.has(code) || source === 'client') return null
  return engineCause(cause) ?? source ?? (code === 'internal' ? 'exception' : 'unknown')
}

function engineCause(cause: unknown): string | null {
  let error = cause
  for (let depth = 0; depth < MAX_DEPTH && typeof error === 'object' && error !== null; depth++) {
    const { errcode, code, cause: next } = error as Record<'errcode' | 'code' | 'cause', unknown>
    const found =
      (typeof errcode === 'number' ? SQLITE[errcode & 0xff] : undefined) ??
      (typeof code === 'string' && Object.hasOwn(ENGINE_CODES, code)
        ? ENGINE_CODES[code]
        : undefined)
    if (found !== undefined) return found
    error = next
  }
  return null
}
