/** A user of the application, as the login needs it. */
export interface UserLike {
  /** Any key of a users table. The number 1 and the text `1` are the same user. */
  getId(): string | number | bigint
  /** The name that pages and lists show. */
  getDisplayName(): string
  /** The stored hash, in a format that the password verifier reads. */
  getHashedPassword(): string
  /** What the user may do. */
  getScopes(): readonly string[]
  /** Whether the user may log in; absent means yes. The guard `activeUser` reads it. */
  isActive?(): boolean
  /** Whether the user has confirmed its e-mail address. The guard `verifiedEmail` refuses a user without this method. */
  isEmailVerified?(): boolean
  /** The user names and e-mail addresses that `inMemoryUsers` finds the user by. */
  getUsernames?(): readonly string[]
  /** The API tokens that `inMemoryUsers` finds the user by. */
  getTokens?(): readonly string[]
}

/** Returns the id of a user as text. Throws `TypeError` for an id that is empty or longer than 254 characters. */
export function userIdOf(user: UserLike): string {
  const id = String(user.getId())
  if (id.length > 0 && id.length <= 254) return id
  throw new TypeError('The id of a user must have 1 to 254 characters.')
}

/** The user of a request without a login: no id, the name `Anonymous`, no scopes. */
export interface AnonymousUser {
  /** Returns null. */
  getId(): null
  /** Returns `Anonymous`. */
  getDisplayName(): 'Anonymous'
  /** Returns empty text. */
  getHashedPassword(): ''
  /** Returns no scopes. */
  getScopes(): readonly []
}

/** The user of every request without a login. */
export const anonymousUser: AnonymousUser = Object.freeze({
  getId: () => null,
  getDisplayName: () => 'Anonymous' as const,
  getHashedPassword: () => '' as const,
  getScopes: () => [] as const,
})

/** Where a field of a user is in a row: the name of a column, or a function of the row. */
export type UserField<Row, Value> = (keyof Row & string) | ((row: Row) => Value)

/** Where the fields of a user are in a row. */
export interface UserFields<Row> {
  /** The id of the user. */
  readonly id: UserField<Row, string | number | bigint>
  /** The display name of the user. */
  readonly displayName: UserField<Row, string>
  /** The stored password hash. */
  readonly hashedPassword: UserField<Row, string>
  /** An array, or text with scopes separated by spaces or commas; none by default. */
  readonly scopes?: UserField<Row, unknown>
  /** Truthy for a user that may log in; every user by default. */
  readonly active?: UserField<Row, unknown>
  /** Truthy for a user with a confirmed e-mail address; unknown by default. */
  readonly emailVerified?: UserField<Row, unknown>
  /** The user names and e-mail addresses, for `inMemoryUsers`. */
  readonly usernames?: UserField<Row, readonly string[]>
  /** The API tokens, for `inMemoryUsers`. */
  readonly tokens?: UserField<Row, readonly string[]>
}

/** A row as a user. */
export interface MappedUser<Row> extends UserLike {
  /** The row that the user was made of. */
  readonly row: Row
}

/** Returns a function that makes a user of a row: `userFields({ id: 'id', displayName: 'name', hashedPassword: 'password' })`. */
export function userFields<Row extends object>(
  fields: UserFields<Row>,
): (row: Row) => MappedUser<Row> {
  const { scopes, active, emailVerified, usernames, tokens } = fields
  return (row) => ({
    row,
    getId: () => idIn(read(row, fields.id)),
    getDisplayName: () => String(read(row, fields.displayName) ?? ''),
    getHashedPassword: () => String(read(row, fields.hashedPassword) ?? ''),
    getScopes: () => (scopes === undefined ? [] : scopesIn(read(row, scopes))),
    ...(active === undefined ? {} : { isActive: () => Boolean(read(row, active)) }),
    ...(emailVerified === undefined
      ? {}
      : { isEmailVerified: () => Boolean(read(row, emailVerified)) }),
    ...(usernames === undefined ? {} : { getUsernames: () => textsIn(read(row, usernames)) }),
    ...(tokens === undefined ? {} : { getTokens: () => textsIn(read(row, tokens)) }),
  })
}

function read<Row extends object>(row: Row, field: UserField<Row, unknown>): unknown {
  return typeof field === 'function' ? field(row) : row[field]
}

function idIn(value: unknown): string | number | bigint {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') {
    return value
  }
  throw new TypeError('The id of a user must be text or a number.')
}

function textsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(String)
  return value === null || value === undefined ? [] : [String(value)]
}

function scopesIn(value: unknown): readonly string[] {
  return typeof value === 'string'
    ? value.split(/[\s,]+/).filter((scope) => scope !== '')
    : textsIn(value)
}
