import { parse, serialize } from 'hono/utils/cookie'
import type { HeaderReader } from './header-reader.ts'

/** Browsers keep no cookie for longer (RFC 6265bis section 5.5). */
const MAX_AGE_SECONDS = 400 * 86_400

/** When a browser sends a cookie with a request that another site caused. */
export type SameSite = 'lax' | 'strict' | 'none'

export interface CookieOptions {
  /** The name, without a prefix. */
  readonly name: string
  /** For development over plain HTTP: no `__Host-` prefix and no `Secure`. False by default. */
  readonly plain?: boolean
  /** The domain whose hosts get the cookie; only the host that sets it by default. A cookie with a domain has no `__Host-` prefix. */
  readonly domain?: string
  /** The path below which the cookie is sent, `/` by default. A cookie with another path has no `__Host-` prefix. */
  readonly path?: string
  /** `lax` by default. */
  readonly sameSite?: SameSite
}

/** A cookie that holds a token: `__Host-`, `Secure`, `HttpOnly`, `SameSite=Lax`, `Path=/`. */
export interface Cookie {
  /** The name with its prefix. */
  readonly name: string
  /** Returns the value that a request sends, or null. The first counts where it is sent twice. */
  find(headers: HeaderReader): string | null
  /** Returns a `Set-Cookie` header that sets the value for a time in milliseconds, 400 days at most. */
  write(value: string, maxAgeMs: number): string
  /** Returns a `Set-Cookie` header that removes the cookie. */
  clear(): string
}

const SAME_SITE = { lax: 'Lax', strict: 'Strict', none: 'None' } as const

/** Makes a cookie. */
export function createCookie(options: CookieOptions): Cookie {
  const { plain = false, domain, path = '/', sameSite = 'lax' } = options
  const host = !plain && domain === undefined && path === '/'
  const name = host ? `__Host-${options.name}` : options.name
  const attributes = {
    path,
    httpOnly: true,
    sameSite: SAME_SITE[sameSite],
    secure: !plain,
    ...(domain === undefined ? {} : { domain }),
  } as const
  const write = (value: string, maxAgeMs: number) => {
    const seconds = Math.floor(Math.max(0, maxAgeMs) / 1000)
    return serialize(name, value, { ...attributes, maxAge: Math.min(seconds, MAX_AGE_SECONDS) })
  }
  return {
    name,
    find(headers) {
      const header = headers.get('cookie')
      if (header === null || !header.includes(name)) return null
      return plainValue(header, name) ?? parse(header, name)[name] ?? null
    },
    write,
    clear: () => write('', 0),
  }
}

/**
 * Returns the value of a cookie if the header is simple: the first occurrence of the name is that of the cookie, and the value, such as a
 * token, has only letters, digits and `_`. Undefined for other headers. It is on the path of every request.
 */
function plainValue(header: string, name: string): string | undefined {
  const at = header.indexOf(`${name}=`)
  if (at === -1 || (at > 0 && header.slice(at - 2, at) !== '; ')) return undefined
  const start = at + name.length + 1
  const end = header.indexOf(';', start)
  const value = end === -1 ? header.slice(start) : header.slice(start, end)
  return /^\w+$/.test(value) ? value : undefined
}
