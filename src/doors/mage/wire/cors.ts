import type { IncomingMessage } from 'node:http'

/** Which pages of other origins may call commands. */
export interface CorsOptions {
  /** The origin that is allowed, or `*`. No origin by default. */
  readonly origin?: string
  /** Whether requests may include credentials. False by default. */
  readonly credentials?: boolean
  /** The methods that are allowed: `GET, POST, PUT, DELETE, HEAD, OPTIONS` by default. */
  readonly methods?: string
  /** How long a browser may cache the response to a preflight request, in seconds: 1,728,000 by default. */
  readonly maxAge?: number
}

type HeaderList = readonly string[]

const NONE: HeaderList = []

/** Returns the CORS headers of a response, names and values in turn. */
export function corsHeaders(
  request: Pick<IncomingMessage, 'headers' | 'method'>,
  cors: CorsOptions | null,
): HeaderList {
  if (cors === null) return NONE
  const list: string[] = []
  const { origin } = request.headers
  if (cors.credentials === true) list.push('access-control-allow-credentials', 'true')
  if (origin !== undefined && cors.origin !== undefined) {
    const echoed = cors.origin === '*' && cors.credentials === true
    list.push('access-control-allow-origin', echoed ? origin : cors.origin)
    if (echoed) list.push('vary', 'Origin')
  }
  if (request.method === 'OPTIONS') addPreflight(list, request, cors)
  return list
}

function addPreflight(
  list: string[],
  { headers }: Pick<IncomingMessage, 'headers'>,
  { maxAge = 1_728_000, methods = 'GET, POST, PUT, DELETE, HEAD, OPTIONS' }: CorsOptions,
): void {
  list.push('access-control-max-age', String(maxAge), 'access-control-allow-methods', methods)
  const asked = headers['access-control-request-headers']
  if (asked !== undefined) list.push('access-control-allow-headers', asked)
}
