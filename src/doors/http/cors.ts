/** Which pages of other origins may read the answers of the door. */
export interface Cors {
  /** Answers a preflight request of an allowed origin; null for any other request. */
  preflight(request: Request, path: string): Response | null
  /** Adds the headers that let a page of an allowed origin read the answer. */
  allow(response: Response, path: string, origin: string | null): Response
}

/** Documents that every page may read: they are the same for everyone and name no actor. */
const PUBLIC: ReadonlySet<string> = new Set([
  '/.well-known/jwks.json',
  '/.well-known/oauth-authorization-server',
  '/.well-known/oauth-protected-resource',
])

const PREFLIGHT_SECONDS = 600

/**
 * Makes the rules for pages of other origins (Fetch, CORS protocol). A browser sends them no
 * cookies, because `Access-Control-Allow-Credentials` is never set: a page authenticates with a
 * bearer token. The public keys and the metadata may be read by pages of every origin.
 */
export function createCors(origins: readonly string[], prefix: string): Cors {
  const allowed = new Set(origins)
  const originFor = (path: string, origin: string | null): string | null => {
    if (path.startsWith(prefix) && PUBLIC.has(path.slice(prefix.length))) return '*'
    return origin !== null && allowed.has(origin) ? origin : null
  }
  return {
    preflight({ method, headers }, path) {
      if (method !== 'OPTIONS' || !headers.has('access-control-request-method')) return null
      const origin = originFor(path, headers.get('origin'))
      if (origin === null) return null
      return new Response(null, {
        status: 204,
        headers: {
          'access-control-allow-origin': origin,
          'access-control-allow-methods': origin === '*' ? 'GET' : 'GET, POST, PUT, DELETE',
          'access-control-allow-headers': 'authorization, content-type',
          'access-control-max-age': String(PREFLIGHT_SECONDS),
          'cache-control': 'no-store',
          vary: 'origin, access-control-request-method',
        },
      })
    },
    allow(response, path, origin) {
      const reader = originFor(path, origin)
      if (allowed.size > 0 && reader !== '*') response.headers.append('vary', 'origin')
      if (reader === null) return response
      response.headers.set('access-control-allow-origin', reader)
      response.headers.set('access-control-expose-headers', 'retry-after, www-authenticate')
      return response
    },
  }
}
