import type { HeaderReader } from '../http/index.ts'

/** One request, as an adapter reads it from its framework. */
export interface WebRequest {
  /** The headers of the request. */
  readonly headers: HeaderReader
  /** The method, in upper case. */
  readonly method: string
  /** The path and the query as received: `/notes?page=2`. */
  readonly url: string
  /** The address of the peer, null if the framework does not know it. */
  readonly peer: string | null
  /** Whether the connection itself is encrypted. */
  readonly encrypted: boolean
  /** What the framework passes to a handler, and what guards and authenticators get. */
  readonly native: object
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** Whether a method changes nothing (RFC 9110 section 9.2.1). */
export function isSafeMethod(method: string): boolean {
  return SAFE.has(method)
}

/**
 * Whether a page of another origin made the request. Browsers send `Sec-Fetch-Site` or `Origin` with every request that can change
 * something; a request with neither was not made by a browser, and no other program sends a browser's cookies.
 */
export function isCrossOrigin({ headers }: WebRequest, publicOrigin: string | null): boolean {
  const site = headers.get('sec-fetch-site')
  if (site === 'same-origin' || site === 'none') return false
  const origin = headers.get('origin')
  if (origin === null) return site !== null
  if (publicOrigin !== null) return origin !== publicOrigin
  const host = headers.get('host')
  return host === null || (origin !== `https://${host}` && origin !== `http://${host}`)
}

/** Returns the path and the query of an absolute URL: `/notes?page=2`. */
export function pathAndQuery(url: string): string {
  const at = url.indexOf('/', url.indexOf('://') + 3)
  return at === -1 ? '/' : url.slice(at)
}
