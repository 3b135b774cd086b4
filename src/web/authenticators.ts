import { PROVIDER_TIMEOUT_MS, withDeadline } from './deadline.ts'
import type { PasswordVerifier } from './password-verifier.ts'
import type { UserLike } from './user.ts'
import type { Awaitable, UserProvider } from './user-provider.ts'
import { type AuthenticatedToken, userToken } from './user-token.ts'
import type { WebExchange } from './web-exchange.ts'
import type { WebRequest } from './web-request.ts'

/** Finds the user of a request. `authentication` asks a list of them, and the first that finds one counts. */
export interface Authenticator<User extends UserLike = UserLike> {
  /** Returns a user or a token, or null if the request has no credential of this authenticator. */
  authenticate(
    request: WebRequest,
    exchange: WebExchange,
  ): Awaitable<User | AuthenticatedToken<User> | null>
  /** Returns the `WWW-Authenticate` challenge that is sent if no authenticator finds a user. */
  challenge?(request: WebRequest): string | null
}

const ask = <T>(call: () => Awaitable<T>) =>
  withDeadline('The user provider', call, PROVIDER_TIMEOUT_MS)

/**
 * Makes an authenticator of HTTP Basic (RFC 7617). Passwords may contain `:`. It challenges the client if no authenticator finds a
 * user. The realm is `Protected access` by default.
 */
export function basicAuthenticator<User extends UserLike>(
  users: UserProvider<User>,
  verifier: PasswordVerifier,
  { realm = 'Protected access' }: { readonly realm?: string } = {},
): Authenticator<User> {
  if (/["\\\p{Cc}]/u.test(realm)) throw new TypeError('The realm must not contain quotes.')
  return {
    async authenticate({ headers }) {
      const credentials = credentialsOf(headers.get('authorization'))
      if (credentials === null) return null
      const [name, password] = credentials
      const user = await ask(() => users.findByUsername(name))
      if (user === null) {
        await verifier.verifyUnknown?.(password)
        return null
      }
      const right = await ask(() => verifier.verify(password, user.getHashedPassword()))
      return right === true ? user : null
    },
    challenge: () => `Basic realm="${realm}", charset="UTF-8"`,
  }
}

function credentialsOf(header: string | null): readonly [string, string] | null {
  const encoded = schemeValue(header, 'basic')
  if (encoded === null || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded)) return null
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  const password = text.slice(colon + 1)
  return colon === -1 || password === '' ? null : [text.slice(0, colon), password]
}

/** Returns what follows a scheme in a header of exactly two parts; null for other headers. */
function schemeValue(header: string | null, scheme: string): string | null {
  const parts = header?.split(' ') ?? []
  const [given = '', value = ''] = parts
  return parts.length === 2 && given.toLowerCase() === scheme && value !== '' ? value : null
}

/** Makes an authenticator of an `Authorization` header with a scheme and an API token: `Token 1234`. */
export function tokenAuthenticator<User extends UserLike>(
  users: UserProvider<User>,
  scheme: string,
): Authenticator<User> {
  const wanted = scheme.toLowerCase()
  return {
    async authenticate({ headers }) {
      const token = schemeValue(headers.get('authorization'), wanted)
      return token === null ? null : findByToken(users, token)
    },
  }
}

/** Makes an authenticator of `Authorization: Bearer` (RFC 6750). */
export function bearerAuthenticator<User extends UserLike>(
  users: UserProvider<User>,
): Authenticator<User> {
  return tokenAuthenticator(users, 'Bearer')
}

/** Where {@link apiKeyAuthenticator} finds the key. */
export interface ApiKeyOptions {
  /** The header; `X-Api-Key` by default. */
  readonly header?: string
  /** The query parameter. None by default, because URLs are logged. It precedes the header. */
  readonly query?: string
}

/** Makes an authenticator of an API key in a header, and in a query parameter if one is named. An empty key counts as absent. */
export function apiKeyAuthenticator<User extends UserLike>(
  users: UserProvider<User>,
  { header = 'X-Api-Key', query }: ApiKeyOptions = {},
): Authenticator<User> {
  const name = header.toLowerCase()
  return {
    async authenticate({ headers, url }) {
      const inQuery = query === undefined ? null : queryOf(url).get(query)
      const key = inQuery || headers.get(name)
      return key === null || key === '' ? null : findByToken(users, key)
    },
  }
}

function queryOf(url: string): URLSearchParams {
  const at = url.indexOf('?')
  return new URLSearchParams(at === -1 ? '' : url.slice(at + 1))
}

async function findByToken<User extends UserLike>(
  users: UserProvider<User>,
  token: string,
): Promise<User | null> {
  const { findByToken: find } = users
  return find === undefined ? null : ask(() => find.call(users, token))
}

/** Returns the token of what an authenticator found. */
export function tokenOf<User extends UserLike>(
  found: User | AuthenticatedToken<User>,
): AuthenticatedToken<User> {
  return 'isAuthenticated' in found ? found : userToken(found, { state: 'fresh' })
}
