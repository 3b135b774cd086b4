import type { Refusal } from '../core/index.ts'
import { problemDetails, problemHeaders } from '../http/index.ts'

/** An answer of a step, which the adapter sends in place of the application's. */
export interface WebReply {
  /** The HTTP status. */
  readonly status: number
  /** Headers by name, in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The body, empty for none. */
  readonly body: string
}

/** Makes the `application/problem+json` answer of a refusal (RFC 9457). */
export function problemReply(
  refusal: Refusal,
  headers: Readonly<Record<string, string>> = {},
): WebReply {
  const details = problemDetails(refusal)
  return {
    status: details.status,
    headers: { ...problemHeaders(refusal), ...headers },
    body: JSON.stringify(details),
  }
}

/** Makes a redirect. */
export function redirectReply(location: string, status: 302 | 303 | 307 = 307): WebReply {
  return { status, headers: { location, 'cache-control': 'no-store' }, body: '' }
}
