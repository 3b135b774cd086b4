import type { Refusal } from '../core/index.ts'
import { problemDetails } from '../http/index.ts'

/** An answer of a step, which the adapter sends in place of the application's. */
export interface WebReply {
  /** The HTTP status of the answer. */
  readonly status: number
  /** The headers of the answer. */
  readonly headers: Readonly<Record<string, string>>
  /** The body of the answer. */
  readonly body: string
}

/** Makes the `application/problem+json` answer of a refusal (RFC 9457). */
export function problemReply(
  refusal: Refusal,
  headers: Readonly<Record<string, string>> = {},
): WebReply {
  const { retryAfterMs } = refusal
  const details = problemDetails(refusal)
  return {
    status: details.status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(retryAfterMs === undefined
        ? {}
        : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }),
      ...headers,
    },
    body: JSON.stringify(details),
  }
}

/** Makes a redirect. */
export function redirectReply(location: string, status: 302 | 303 | 307 = 307): WebReply {
  return { status, headers: { location, 'cache-control': 'no-store' }, body: '' }
}
