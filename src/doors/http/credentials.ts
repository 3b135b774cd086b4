import { parse } from 'hono/utils/cookie'
import type { Refusal } from '../../core/index.ts'

/** Where a request's token came from: that decides what else must hold. */
export type Credential =
  | { readonly from: 'bearer' | 'cookie' | 'impersonation-cookie'; readonly token: string }
  | { readonly from: 'none'; readonly token: null }

const NONE: Credential = { from: 'none', token: null }

/** What is asked of headers, whether of a `Request` or of `node:http`. Names in lower case. */
export interface HeaderReader {
  get(name: string): string | null
}

/** The names of the cookies, and how they are written. */
export interface CookieJar {
  /** The token of a request: bearer beats cookie, the cookie of an impersonation beats one's own. */
  read(headers: HeaderReader): Credential
  /** `Set-Cookie` with a token, until the session's end at the latest. */
  write(token: string, endsAt: number, now: number, options?: { impersonation?: boolean }): string
  /** `Set-Cookie` that removes. */
  clear(options?: { impersonation?: boolean }): string
}

/**
 * Makes the jar. Cookies are `__Host-` (Secure, HttpOnly, SameSite=Lax, Path=/); with `plain`, for development over plain
 * HTTP, they have no prefix and no Secure. An impersonation has a cookie of its own, so that stopping it finds
 * one's own session still there.
 */
export function createCookieJar({ plain }: { plain: boolean }): CookieJar {
  const own = plain ? 'latchkey' : '__Host-latchkey'
  const acting = plain ? 'latchkey-as' : '__Host-latchkey-as'
  const attributes = `Path=/; HttpOnly; SameSite=Lax${plain ? '' : '; Secure'}`
  const nameOf = (options: { impersonation?: boolean } = {}) =>
    options.impersonation === true ? acting : own
  return {
    read(headers) {
      const authorization = headers.get('authorization')
      const bearer = authorization === null ? null : bearerOf(authorization)
      if (bearer !== null) return { from: 'bearer', token: bearer }
      const header = headers.get('cookie')
      if (header === null) return NONE
      const cookies = parse(header)
      const other = cookies[acting]
      if (other !== undefined) return { from: 'impersonation-cookie', token: other }
      const mine = cookies[own]
      return mine === undefined ? NONE : { from: 'cookie', token: mine }
    },
    write(token, endsAt, now, options) {
      const maxAge = Math.max(0, Math.floor((endsAt - now) / 1000))
      return `${nameOf(options)}=${token}; ${attributes}; Max-Age=${maxAge}`
    },
    clear: (options) => `${nameOf(options)}=; ${attributes}; Max-Age=0`,
  }
}

function bearerOf(authorization: string): string | null {
  if (authorization.length < 8 || authorization.slice(0, 7).toLowerCase() !== 'bearer ') return null
  return authorization.slice(7).trim()
}

const DEAD = new Set(['token_invalid', 'session_expired', 'session_revoked'])

/** The header that takes a dead cookie back, so that the next request is not refused for it; empty for any other case. */
export function droppedCookie(
  jar: CookieJar,
  { from }: Credential,
  { code }: Refusal,
): Record<string, string> {
  if (!DEAD.has(code) || from === 'bearer' || from === 'none') return {}
  return { 'set-cookie': jar.clear({ impersonation: from === 'impersonation-cookie' }) }
}

/**
 * Whether a request was made by a page of this very origin: what an unsafe method with a cookie, and any answer that sets one,
 * needs. Without `Origin` and `Sec-Fetch-Site` the answer is no.
 */
export function isSameOrigin(request: Request, publicOrigin: string | null): boolean {
  const origin = request.headers.get('origin')
  if (origin === null) return request.headers.get('sec-fetch-site') === 'same-origin'
  if (publicOrigin !== null) return origin === publicOrigin
  const host = request.headers.get('host') ?? new URL(request.url).host
  return origin === `http://${host}` || origin === `https://${host}`
}

const LOOPBACK_HOST = /^(localhost|[\w-]+\.localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i

/**
 * Whether the host that a `Host` header names is served: one that is allowed (`example.test` or `example.test:8080`), in development a
 * loopback one too; any where nothing says which.
 */
export function isAllowedHost(
  host: string,
  allowed: readonly string[],
  development: boolean,
): boolean {
  if (!development && allowed.length === 0) return true
  const name = host.toLowerCase()
  if (
    allowed.some(
      (entry) => name === entry.toLowerCase() || name.replace(/:\d+$/, '') === entry.toLowerCase(),
    )
  )
    return true
  return development && LOOPBACK_HOST.test(name)
}
