import { LatchkeyError } from '../../core/errors.ts'
import type { TokenSource } from './accepted-tokens.ts'
import { parseDuration } from './duration.ts'
import type { KeyType } from './key-type.ts'

/** What happens to a new session when its user has `maxSessions` already. */
export type SessionLimitPolicy = 'evict-oldest' | 'evict-least-recently-used' | 'refuse'

/** The cookie that a token may come in. Its value is the token's text. */
export interface CookieOptions {
  /** The name of the cookie. */
  readonly name: string
  /** The path that the cookie is sent to. Default `/`. */
  readonly path?: string
  /** The domain that the cookie is sent to. Default: the host of the request. */
  readonly domain?: string
  /** Default `true`: the cookie is sent over HTTPS only. */
  readonly secure?: boolean
  /** Default `lax`. */
  readonly sameSite?: 'lax' | 'strict' | 'none'
}

/** The options of a `SessionManager`. A value that makes no sense is refused when the manager is constructed. */
export interface SessionManagerOptions {
  /** Live sessions of one user at once, 1 to 10,000. Default 3. */
  readonly maxSessions?: number
  /** Default `evict-oldest`. */
  readonly onLimit?: SessionLimitPolicy
  /** What every token begins with: 1 to 32 characters that a header may contain. Default `oat_`. */
  readonly tokenPrefix?: string
  /** Random characters of a secret, 22 (128 bits) to 512. Default 64. */
  readonly secretSize?: number
  /** The message of every refusal. Default `Not a valid session`. */
  readonly invalidMessage?: string
  /** How long a session lives when `create` is given no `expiresIn`: seconds, or a text such as `30 days`. Default: without end. */
  readonly expiresIn?: string | number
  /** A session that has not been used for so long is over. Default: none. */
  readonly idle?: string | number
  /** `usedAt` is written at most once in this time, and at least ten times in `idle`. Default 1 minute. */
  readonly touchEvery?: string | number
  /** The type of the session's primary key. Default `integer`. */
  readonly key?: KeyType
  /** The property that has the user's id. Default: `userId`, or `ownerId` where the model has no `userId`. */
  readonly owner?: string
  /** Reads the token from a cookie where the request has no `Authorization` header. Default: none. */
  readonly cookie?: string | CookieOptions
  /** Other systems' tokens that are accepted and become sessions at their first use. */
  readonly accept?: readonly TokenSource[]
  /** The time in epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number
}

/** The options with their defaults, durations in milliseconds. */
export interface ResolvedOptions {
  readonly maxSessions: number
  readonly onLimit: SessionLimitPolicy
  readonly tokenPrefix: string
  readonly secretSize: number
  readonly invalidMessage: string
  readonly expiresInMs: number | null
  readonly idleMs: number | null
  readonly touchEveryMs: number
  readonly key: KeyType
  readonly owner: string | null
  readonly cookie: CookieOptions | null
  readonly accept: readonly TokenSource[]
  readonly now: () => number
}

const POLICIES = ['evict-oldest', 'evict-least-recently-used', 'refuse']
const KEYS = ['integer', 'bigint', 'uuid', 'string']
const COOKIE_NAME = /^[\w!#$%&'*+.^`|~-]{1,128}$/

/** Applies the defaults. Throws `invalid_request` for a value that makes no sense. */
export function resolveOptions(options: SessionManagerOptions): ResolvedOptions {
  // Defaults stand for what is not given; null is given, and makes no sense.
  const {
    maxSessions = 3,
    onLimit = 'evict-oldest',
    tokenPrefix = 'oat_',
    secretSize = 64,
    invalidMessage = 'Not a valid session',
    expiresIn,
    idle,
    touchEvery = 60,
    key = 'integer',
    owner,
    cookie,
    accept = [],
    now = Date.now,
  } = options
  const idleMs = idle === undefined ? null : parseDuration('idle', idle)
  const touchEveryMs = parseDuration('touchEvery', touchEvery)
  const resolved: ResolvedOptions = {
    maxSessions,
    onLimit,
    tokenPrefix,
    secretSize,
    invalidMessage,
    expiresInMs: expiresIn === undefined ? null : parseDuration('expiresIn', expiresIn),
    idleMs,
    touchEveryMs: idleMs === null ? touchEveryMs : Math.min(touchEveryMs, idleMs / 10),
    key,
    owner: owner === undefined ? null : owner,
    cookie: typeof cookie === 'string' ? { name: cookie } : cookie === undefined ? null : cookie,
    accept,
    now,
  }
  demand('maxSessions', isCount(resolved.maxSessions, 1, 10_000), 'a whole number, 1 to 10,000')
  demand('onLimit', POLICIES.includes(resolved.onLimit), `one of ${POLICIES.join(', ')}`)
  demand(
    'tokenPrefix',
    typeof resolved.tokenPrefix === 'string' && /^[\w.~+/-]{1,32}$/.test(resolved.tokenPrefix),
    '1 to 32 letters, digits or any of . _ ~ + / -',
  )
  demand('secretSize', isCount(resolved.secretSize, 22, 512), 'a whole number, 22 to 512')
  demand('invalidMessage', isText(resolved.invalidMessage), 'a text that is not empty')
  demand('key', KEYS.includes(resolved.key), `one of ${KEYS.join(', ')}`)
  demand('owner', owner === undefined || isText(owner), 'the name of a property')
  demand(
    'cookie',
    cookie === undefined || COOKIE_NAME.test(resolved.cookie?.name ?? ''),
    'the name of a cookie',
  )
  demand('accept', Array.isArray(accept), 'a list of sources')
  demand('now', typeof now === 'function', 'a function')
  return resolved
}

function isCount(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== ''
}

function demand(name: string, holds: boolean, what: string): void {
  if (!holds) throw new LatchkeyError('invalid_request', `${name} must be ${what}.`)
}
