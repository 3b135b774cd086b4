import { LatchkeyError } from '../../core/errors.ts'
import { parseDatabaseTime } from './database-time.ts'
import type { Framework } from './framework.ts'
import { type KeyType, parseKey } from './key-type.ts'
import type { LucidClient } from './lucid.ts'
import { hasChecksum, parseToken, type SessionToken } from './session-token.ts'

/** A table of another system's tokens. See `accessTokens` and `rememberMeTokens`. */
export interface TokenSource {
  /** The table that holds the tokens. */
  readonly table: string
  /** The cookie that the token comes in, encrypted by AdonisJS; null where it comes as a bearer token. */
  readonly cookie: string | null
  /** Columns and what a row must have in them. */
  readonly conditions: Readonly<Record<string, unknown>>
  /** The token of a text, or null where it is not one of this source. */
  parse(text: unknown): SessionToken | null
  /** The value of an id for a query. */
  key(id: string): number | string | null
}

/** A row of such a table, as far as it becomes a session. Times are epoch milliseconds. */
export interface AcceptedToken {
  readonly owner: number | string | bigint
  readonly createdAtMs: number | null
  readonly expiresAtMs: number | null
}

/** Options of `accessTokens`. */
export interface AccessTokensOptions {
  /** Default `auth_access_tokens`. */
  readonly table?: string
  /** Default `auth_token`. */
  readonly type?: string
  /** Default `oat_`. */
  readonly prefix?: string
  /** The type of the table's primary key. Default `integer`. */
  readonly key?: KeyType
}

/**
 * Accepts the access tokens of `@adonisjs/auth`. Only tokens with the ability `*` are accepted: a session has all the rights of
 * its user.
 */
export function accessTokens(options: AccessTokensOptions = {}): TokenSource {
  const { table = 'auth_access_tokens', type = 'auth_token', prefix = 'oat_' } = options
  return {
    ...sourceOf(table, options.key),
    cookie: null,
    conditions: { type },
    parse(text) {
      const token = parseToken(prefix, text)
      return token !== null && hasChecksum(token.secret) ? token : null
    },
  }
}

/** Options of `rememberMeTokens`. */
export interface RememberMeTokensOptions {
  /** Default `remember_me_tokens`. */
  readonly table?: string
  /** The name of the guard in `config/auth.ts`, which names the cookie. Default `web`. */
  readonly guard?: string
  /** The type of the table's primary key. Default `integer`. */
  readonly key?: KeyType
}

/** Accepts the remember-me tokens of the session guard of `@adonisjs/auth`, from their cookie. */
export function rememberMeTokens(options: RememberMeTokensOptions = {}): TokenSource {
  const { table = 'remember_me_tokens', guard = 'web' } = options
  return {
    ...sourceOf(table, options.key),
    cookie: `remember_${guard}`,
    conditions: {},
    parse: (text) => parseToken('', text),
  }
}

function sourceOf(table: string, key: KeyType = 'integer') {
  if (typeof table !== 'string' || table === '') {
    throw new LatchkeyError('invalid_request', 'table must be the name of a table.')
  }
  return { table, key: (id: string) => parseKey(key, id) }
}

interface Row {
  readonly tokenable_id: number | string
  readonly hash: string
  readonly abilities?: string
  readonly created_at: unknown
  readonly expires_at: unknown
}

/** Finds a token's row; null where there is none, or where it has another secret, is over, or has fewer rights than its user. */
export async function findAccepted(
  source: TokenSource,
  token: SessionToken,
  {
    client,
    hash,
    now,
    framework,
  }: {
    client: LucidClient
    hash: string
    now: number
    framework: Framework
  },
): Promise<AcceptedToken | null> {
  const id = source.key(token.id)
  if (id === null) return null
  const found = await client
    .from(source.table)
    .where({ ...source.conditions, id, hash })
    .first()
  const row = found as unknown as Row | null
  if (!row || !hasAllRights(row.abilities)) return null
  const expiresAtMs = parseDatabaseTime(row.expires_at, framework.DateTime)
  if (expiresAtMs !== null && expiresAtMs <= now) return null
  return {
    owner: row.tokenable_id,
    createdAtMs: parseDatabaseTime(row.created_at, framework.DateTime),
    expiresAtMs,
  }
}

/** Removes a token's row; whether this call did. */
export async function takeAccepted(
  source: TokenSource,
  hash: string,
  client: LucidClient,
): Promise<boolean> {
  const deleted = await client
    .from(source.table)
    .where({ ...source.conditions, hash })
    .del()
  return Number(deleted) > 0
}

function hasAllRights(abilities: string | undefined): boolean {
  if (abilities === undefined) return true
  try {
    const list: unknown = JSON.parse(abilities)
    return Array.isArray(list) && list.includes('*')
  } catch {
    return false
  }
}
