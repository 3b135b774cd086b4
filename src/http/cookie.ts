import { parse, serialize } from 'hono/utils/cookie'
import type { HeaderReader } from './header-reader.ts'

/** Browsers keep no cookie for longer (RFC 6265bis section 5.5). */
const MAX_AGE_SECONDS = 400 * 86_400

export interface CookieOptions {
  /** The name, without a prefix. */
  readonly name: string
  /** For development over plain HTTP: no `__Host-` prefix and no `Secure`. False by default. */
  readonly plain?: boolean
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

/** Makes a cookie. */
export function createCookie({ name: plainName, plain = false }: CookieOptions): Cookie {
  const name = plain ? plainName : `__Host-${plainName}`
  const attributes = { path: '/', httpOnly: true, sameSite: 'Lax', secure: !plain } as const
  const write = (value: string, maxAgeMs: number) => {
    const seconds = Math.floor(Math.max(0, maxAgeMs) / 1000)
    return serialize(name, value, { ...attributes, maxAge: Math.min(seconds, MAX_AGE_SECONDS) })
  }
  return {
    name,
    find(headers) {
      const header = headers.get('cookie')
      return header === null ? null : (parse(header, name)[name] ?? null)
    },
    write,
    clear: () => write('', 0),
  }
}
