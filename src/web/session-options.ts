import { withinPrefix } from '../core/address.ts'
import { type Authority, LatchkeyError, type SessionLifetime } from '../core/index.ts'
import {
  type ClientAddress,
  type Cookie,
  createClientAddress,
  createCookie,
  type SameSite,
} from '../http/index.ts'
import type { WebRequest } from './web-request.ts'

/** The cookie of a request session. The default is that of the HTTP door, so that both share a login. */
export interface SessionCookieOptions {
  /** `latchkey` by default, without the prefix `__Host-`. Letters, digits, `_` and `-`. */
  readonly name?: string
  /** The domain whose hosts get the cookie; only this host by default. With a domain there is no `__Host-` prefix. */
  readonly domain?: string
  /** `/` by default. With another path there is no `__Host-` prefix. */
  readonly path?: string
  /** `lax` by default. */
  readonly sameSite?: SameSite
  /**
   * Whether the cookie is sent over HTTPS only. True by default; false for development over plain HTTP; `auto` decides by the
   * connection, or by `X-Forwarded-Proto` of a trusted proxy.
   */
  readonly secure?: boolean | 'auto'
}

/** Options of `sessions`. */
export interface SessionOptions {
  /** The authority that holds the sessions. */
  readonly authority: Authority
  /** The name and the attributes of the cookie. */
  readonly cookie?: SessionCookieOptions
  /**
   * How long a session lasts, in milliseconds: from its creation, or with `rolling` from its last use. The profile of the session
   * (`web`: one hour idle, 24 hours in all) by default. Not longer than `profile.web.absoluteMs`.
   */
  readonly lifetime?: number
  /** Whether each answer sets the cookie again with the new end. False by default. */
  readonly rolling?: boolean
  /** Whether a request without a session gets one even if nothing is stored in it. False by default. */
  readonly saveUninitialized?: boolean
  /** What happens when two requests change the same data: `merge` (default) keeps the changes of both by key, `throw` fails the later one with `conflict`. */
  readonly onConflict?: 'merge' | 'throw'
  /** Returns the id of the user that the data names, for applications that log in by the data, as Passport does: `(data) => data.passport?.user`. Null for none. */
  readonly userOf?: (data: Readonly<Record<string, unknown>>) => string | number | null | undefined
  /** Addresses and CIDR prefixes of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` count. None by default. */
  readonly trustedProxies?: readonly string[]
  /** The origin of the application, if the `Host` header does not name it. */
  readonly publicUrl?: string
  /** Whether a request of another origin that may change something is refused if it has a session cookie. True by default. */
  readonly originCheck?: boolean
  /** Whether new anonymous sessions count against the setting `throttle.createPerMinute` of their address. False by default. */
  readonly throttleAnonymous?: boolean
}

/** The cookies of one kind of connection. */
export interface SessionCookies {
  /** The cookie of the session. */
  readonly session: Cookie
  /** The cookie of an impersonation. */
  readonly impersonation: Cookie
  /** The cookie of the renewal code. */
  readonly remember: Cookie
  /** The cookie of the forms of visitors. */
  readonly form: Cookie
}

/** Checked {@link SessionOptions}. */
export interface SessionConfig {
  /** The authority that holds the sessions. */
  readonly authority: Authority
  /** The name and the attributes of the cookie. */
  readonly cookie: SessionCookieOptions
  /** The limits of a new session. */
  readonly lifetime: SessionLifetime
  /** The lifetime as given, in milliseconds; null for that of the profile. */
  readonly lifetimeMs: number | null
  /** Whether each answer sets the cookie again. */
  readonly rolling: boolean
  /** Whether a request without a session gets one. */
  readonly saveUninitialized: boolean
  /** What happens when two requests change the same data. */
  readonly onConflict: 'merge' | 'throw'
  /** Returns the user that the data names; null without such a function. */
  readonly userOf: NonNullable<SessionOptions['userOf']> | null
  /** The origin of the application; null for that of the `Host` header. */
  readonly publicOrigin: string | null
  /** Whether unsafe requests with the cookie must be of this origin. */
  readonly originCheck: boolean
  /** Whether new anonymous sessions are counted by address. */
  readonly throttleAnonymous: boolean
  /** Returns the client's address. */
  readonly clientAddress: ClientAddress
  /** Returns the cookies for the connection of a request. */
  cookiesFor(request: WebRequest): SessionCookies
}

/** Checks the options of `sessions`. Throws `invalid_request`. */
export function sessionConfig(options: SessionOptions): SessionConfig {
  const { authority, cookie = {}, rolling = false, lifetime, trustedProxies = [] } = options
  checkOptions(options)
  const { secure = true } = cookie
  const encrypted = createCookies(cookie, false)
  const plain = createCookies(cookie, true)
  return {
    authority,
    cookie,
    lifetime: lifetimeOf(lifetime, rolling),
    lifetimeMs: lifetime ?? null,
    rolling,
    saveUninitialized: options.saveUninitialized ?? false,
    onConflict: options.onConflict ?? 'merge',
    userOf: options.userOf ?? null,
    publicOrigin: options.publicUrl === undefined ? null : new URL(options.publicUrl).origin,
    originCheck: options.originCheck ?? true,
    throttleAnonymous: options.throttleAnonymous ?? false,
    clientAddress: createClientAddress(trustedProxies),
    cookiesFor(request) {
      const isSecure = secure === 'auto' ? isEncrypted(request, trustedProxies) : secure
      return isSecure ? encrypted : plain
    },
  }
}

function lifetimeOf(lifetime: number | undefined, rolling: boolean): SessionLifetime {
  if (lifetime === undefined) return {}
  return rolling ? { idleMs: lifetime } : { idleMs: null, absoluteMs: lifetime }
}

function createCookies(
  { name = 'latchkey', secure: _, ...attributes }: SessionCookieOptions,
  plain: boolean,
): SessionCookies {
  const create = (suffix: string) =>
    createCookie({ ...attributes, name: `${name}${suffix}`, plain })
  return {
    session: create(''),
    impersonation: create('-as'),
    remember: create('-remember'),
    form: create('-form'),
  }
}

function isEncrypted(
  { headers, peer, encrypted }: WebRequest,
  trusted: readonly string[],
): boolean {
  if (encrypted || !trusted.some((prefix) => withinPrefix(peer, prefix))) return encrypted
  const hops = headers.get('x-forwarded-proto')?.split(',') ?? []
  return hops.at(-1)?.trim().toLowerCase() === 'https'
}

function checkOptions({ authority, cookie = {}, lifetime, publicUrl }: SessionOptions): void {
  const { name = 'latchkey', secure = true, sameSite = 'lax', path = '/' } = cookie
  if (!/^[\w-]{1,64}$/.test(name)) {
    throw invalid('The name of a cookie has 1 to 64 letters, digits, "_" and "-".')
  }
  if (!['lax', 'strict', 'none'].includes(sameSite)) {
    throw invalid('sameSite of a cookie is "lax", "strict" or "none".')
  }
  if (sameSite === 'none' && secure !== true) {
    throw invalid('Browsers accept sameSite "none" only of a cookie with secure: true.')
  }
  if (!/^\/[^;\p{Cc}]*$/u.test(path)) throw invalid('The path of a cookie begins with "/".')
  if (publicUrl !== undefined && !URL.canParse(publicUrl)) throw invalid('publicUrl is not a URL.')
  if (lifetime === undefined) return
  const most = authority.settings.get('profile.web.absoluteMs')
  if (!Number.isSafeInteger(lifetime) || lifetime < 1000) {
    throw invalid('lifetime is a number of milliseconds, at least 1,000.')
  }
  if (lifetime > most) {
    throw invalid(
      `lifetime is longer than the setting profile.web.absoluteMs (${most}). Raise the setting.`,
    )
  }
}

function invalid(message: string): LatchkeyError {
  return new LatchkeyError('invalid_request', `sessions: ${message}`)
}
