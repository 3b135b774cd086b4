import type { Metadata, StatusObject } from '@grpc/grpc-js'
import { ERROR_TABLE, type ErrorCode, LatchkeyError } from '../../core/errors.ts'
import { REMOTE_ERRORS } from '../errors.ts'

/** What a status says where the server said nothing of its own; by number, as grpc-js has them. */
const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  3: 'invalid_request',
  4: 'timeout',
  5: 'not_found',
  7: 'access_denied',
  8: 'busy',
  12: 'not_found',
  14: 'unavailable',
  16: 'token_invalid',
}

/**
 * The error that the end of a call stands for: of the class that the trailer `name` says, with the code of `latchkey-code`, the
 * sentence of `message` and its details; for a server that sends none of them, a `LatchkeyError` of the status.
 */
export function callErrorOf({
  code: status,
  details,
  metadata,
}: Pick<StatusObject, 'code' | 'details' | 'metadata'>): LatchkeyError {
  const wait = Number(textOf(metadata, 'retry-after-ms') ?? Number.NaN)
  const reason = textOf(metadata, 'reason')
  const more = {
    ...(Number.isFinite(wait) && wait >= 0 ? { retryAfterMs: wait } : {}),
    ...(reason === undefined ? {} : { reason }),
  }
  const named = textOf(metadata, 'latchkey-code')
  const known = named !== undefined && Object.hasOwn(ERROR_TABLE, named)
  const code = known ? (named as ErrorCode) : (BY_STATUS[status] ?? 'internal')
  const message = textOf(metadata, 'message') ?? details
  const name = textOf(metadata, 'name') ?? ''
  const Remote = Object.hasOwn(REMOTE_ERRORS, name) ? REMOTE_ERRORS[name] : undefined
  if (Remote === undefined) return new LatchkeyError(code, message, more)
  return new Remote({ ...more, message, ...(known ? { code } : {}) })
}

function textOf(metadata: Metadata, key: string): string | undefined {
  const [value] = metadata.get(key)
  if (typeof value !== 'string' || value === '') return undefined
  try {
    return decodeURIComponent(value)
  } catch {
    // Another server may not encode it.
    return value
  }
}
