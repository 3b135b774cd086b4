import { createRequestId, isRequestId } from '../core/request-id.ts'
import type { HeaderReader } from './header-reader.ts'

/** Returns the id of a request: the one that a trusted proxy sent, else a new one. */
export function requestId(headers: HeaderReader, isTrusted: boolean): string {
  const sent = isTrusted ? headers.get('x-request-id') : null
  return sent !== null && isRequestId(sent) ? sent : createRequestId()
}
