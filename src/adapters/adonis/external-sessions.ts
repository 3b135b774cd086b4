import { LatchkeyError } from '../../core/errors.ts'
import { parseDuration } from './duration.ts'
import { type KeyType, parseKey } from './key-type.ts'
import { createSecret, formatToken, hasChecksum, parseToken } from './session-token.ts'

/** Runs a statement with `$1`, `$2`, … and returns its rows, as `async (text, values) => (await pool.query(text, values)).rows`. */
export type PostgresQuery = (
  text: string,
  values: readonly unknown[],
) => Promise<readonly Readonly<Record<string, unknown>>[]>

/** Options of `createAdonisCodec`. They must be those of the `SessionManager`. */
export interface TokenFormatOptions {
  /** Default `oat_`. */
  readonly tokenPrefix?: string
  /** The type of the table's primary key. Default `integer`. */
  readonly key?: KeyType
}

/** Options of `createExternalSessions`. */
export interface ExternalSessionsOptions extends TokenFormatOptions {
  /** Runs a query on the database of the application. */
  readonly query: PostgresQuery
  /** Default `sessions`. */
  readonly table?: string
  /** The column with the user's id. Default `user_id`. */
  readonly owner?: string
  /** The type of that column. Default `integer`. */
  readonly ownerKey?: KeyType
  /** The manager's `idle`. Default: none. */
  readonly idle?: string | number
  /** The manager's `touchEvery`. Default 1 minute. */
  readonly touchEvery?: string | number
  /** The door that the sessions are listed under. Default `adonis`. */
  readonly door?: string
  /** The profile that the sessions are listed under. Default `web`. */
  readonly profile?: string
}

/** The name of the format. */
const FORMAT = 'adonis'
/** The end of a session that has none: the last instant of ECMAScript. */
const WITHOUT_END = 8_640_000_000_000_000

/** The token format of a `SessionManager` as a codec of the authority: other doors recognise its tokens by their shape. */
export function createAdonisCodec(options: TokenFormatOptions = {}) {
  const { tokenPrefix = 'oat_', key = 'integer' } = options
  return {
    name: FORMAT,
    createSecret: () => createSecret(64),
    format: (token: { readonly id: string; readonly secret: string }) =>
      formatToken(tokenPrefix, token),
    parse(text: string) {
      const token = parseToken(tokenPrefix, text)
      if (token === null || !hasChecksum(token.secret)) return null
      return parseKey(key, token.id) === null ? null : token
    },
    formatRenewal(): string {
      throw new LatchkeyError('invalid_request', 'Sessions of AdonisJS have no renewal code.')
    },
    parseRenewal: () => null,
  }
}

/**
 * The sessions of a `SessionManager`'s table in PostgreSQL, for an authority beside the application. They are found, listed and
 * ended here and made there. Nothing is cached.
 */
export function createExternalSessions(options: ExternalSessionsOptions) {
  const { query, key = 'integer', ownerKey = 'integer', door = 'adonis', profile = 'web' } = options
  const table = quoted(options.table ?? 'sessions')
  const owner = quoted(options.owner ?? 'user_id')
  const idleMs = options.idle === undefined ? null : parseDuration('idle', options.idle)
  const touchEveryMs = Math.min(
    parseDuration('touchEvery', options.touchEvery ?? 60),
    (idleMs ?? Number.POSITIVE_INFINITY) / 10,
  )
  const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`
  const columns = `id::text as id, ${owner}::text as owner, hash, ${ms('created_at')} as created_at,
    ${ms('used_at')} as used_at, ${ms('expires_at')} as expires_at`
  const isLive = (now: string) => {
    const ends = `(expires_at is null or ${ms('expires_at')} > ${now})`
    if (idleMs === null) return ends
    return `${ends} and ${ms('coalesce(used_at, created_at)')} + ${idleMs} > ${now}`
  }

  const recordOf = (row: Readonly<Record<string, unknown>>) => {
    const createdAt = Math.floor(Number(row['created_at']))
    const usedAt = row['used_at'] === null ? null : Math.floor(Number(row['used_at']))
    return {
      id: String(row['id']),
      owner: String(row['owner']),
      actsAs: null,
      parent: null,
      anonymous: false,
      profile,
      door,
      tokenHash: Buffer.from(String(row['hash']), 'hex').toString('base64url'),
      previousTokenHash: null,
      previousTokenUntil: 0,
      renewal: null,
      createdAt,
      authenticatedAt: createdAt,
      factors: [],
      lastUsedAt: usedAt ?? createdAt,
      tokenExpiresAt: null,
      idleMs,
      endsAt: row['expires_at'] === null ? WITHOUT_END : Math.floor(Number(row['expires_at'])),
      client: { address: null, userAgent: null, label: null },
      binding: null,
      roles: null,
      group: null,
      globalEpoch: 0,
      ownerEpoch: 0,
      generation: 0,
      issuedAt: createdAt,
      usedAt,
      version: 0,
      endedAt: null,
      endReason: null,
    }
  }

  return {
    /** The name of the codec whose tokens belong here. */
    format: FORMAT,

    /** The session of an id, live or expired; null without a row, and without a query for what is not an id. */
    async find(id: string) {
      const value = parseKey(key, id)
      if (value === null) return null
      const [row] = await query(`select ${columns} from ${table} where id = $1`, [value])
      return row === undefined || row['id'] !== id ? null : recordOf(row)
    },

    /** Raises the last use, at most once in `touchEvery`. A session that is over is not touched. */
    async touch(id: string, lastUsedAt: number): Promise<void> {
      const value = parseKey(key, id)
      if (value === null) return
      await query(
        `update ${table} set used_at = to_timestamp($2::float8 / 1000)
          where id = $1 and (used_at is null or ${ms('used_at')} <= $2::float8 - $3::float8)
          and ${isLive('$2::float8')}`,
        [value, lastUsedAt, touchEveryMs],
      )
    },

    /** Ends a session by removing its row; null if there was none. */
    async end<R extends string>(id: string, ending: { readonly now: number; readonly reason: R }) {
      const value = parseKey(key, id)
      if (value === null) return null
      const text = `delete from ${table} where id = $1 returning id::text as id, ${owner}::text as owner`
      const [row] = await query(text, [value])
      if (row === undefined) return null
      return { id: String(row['id']), owner: String(row['owner']), reason: ending.reason }
    },

    /** Live sessions of an owner, newest first, at most 1,000. */
    async listByOwner(of: string, now: number) {
      const value = parseKey(ownerKey, of)
      if (value === null) return []
      const rows = await query(
        `select ${columns} from ${table} where ${owner} = $1 and ${isLive('$2::float8')}
          order by created_at desc, ${table}.id desc limit 1000`,
        [value, now],
      )
      return rows.map(recordOf)
    },
  }
}

function quoted(name: string): string {
  if (typeof name !== 'string' || name === '' || name.includes('\0')) {
    throw new LatchkeyError('invalid_request', 'The name of a table or column is missing.')
  }
  return `"${name.replaceAll('"', '""')}"`
}
