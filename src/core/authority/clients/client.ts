import { LatchkeyError } from '../../errors.ts'

/** A grant that a client may be registered for. */
export type ClientGrant = 'device_code' | 'refresh_token'

/** What an OAuth client is registered for. It can do nothing else. */
export interface ClientOptions {
  /** The `client_id`: 1 to 58 letters, digits, `.`, `_`, `~` and `-`. */
  readonly id: string
  /** The name shown for an approval and in lists of sessions; the id by default. */
  readonly name?: string
  /** The grants that the client may use; both by default. */
  readonly grants?: readonly ClientGrant[]
  /** The profile of its sessions; `device` by default. */
  readonly profile?: 'agent' | 'web' | 'device'
  /** The format of its tokens; `native` by default. */
  readonly format?: string
  /**
   * The roles that its sessions may have, an upper limit; null for all roles of the approving
   * session. `["user"]` by default.
   */
  readonly roles?: readonly string[] | null
  /** Whether it may introspect tokens. Only for a client with a secret. False by default. */
  readonly introspect?: boolean
}

/** A client in the configuration. */
export interface ConfiguredClient extends ClientOptions {
  /**
   * The secret of a confidential client: at least 32 characters from a random source. Without it
   * the client is public.
   */
  readonly secret?: string
}

/** A registered client. Contains no secret. */
export interface OAuthClient extends Required<ClientOptions> {
  /** Whether the client must present a secret. */
  readonly confidential: boolean
  /** Whether it is in the configuration; such a client cannot be removed by a command. */
  readonly configured: boolean
}

/** A client with the hash of its secret; null for a public client. */
export interface StoredClient {
  readonly client: OAuthClient
  readonly secretHash: string | null
}

const GRANTS: ReadonlySet<string> = new Set(['device_code', 'refresh_token'])
const PROFILES: ReadonlySet<string> = new Set(['agent', 'web', 'device'])
/** The label of a session holds the id, and has at most 64 characters. */
const ID = /^[\w.~-]{1,58}$/
const MIN_SECRET_CHARS = 32

/**
 * Returns a registration with its defaults. Throws `invalid_request` for an id, name, grant,
 * profile or role that is not allowed, and for a public client that is to introspect.
 */
export function completeClient(
  options: ClientOptions,
  { confidential, configured }: Pick<OAuthClient, 'confidential' | 'configured'>,
): OAuthClient {
  const {
    id,
    name = id,
    grants = ['device_code', 'refresh_token'],
    profile = 'device',
    format = 'native',
    roles = ['user'],
    introspect = false,
  } = options
  require(ID.test(id), 'id', 'must be 1 to 58 letters, digits, ".", "_", "~" and "-"')
  require(name.length > 0 && name.length <= 100, 'name', 'must have 1 to 100 characters')
  require(grants.every((grant) =>
    GRANTS.has(grant),
  ), 'grants', 'may be device_code and refresh_token')
  require(PROFILES.has(profile), 'profile', 'must be agent, web or device')
  require(roles === null ||
    (roles.length <= 64 &&
      roles.every((role) =>
        /^[^\s*]{1,64}$/.test(role),
      )), 'roles', 'must be at most 64 names without white space, and not "*"')
  require(confidential || !introspect, 'introspect', 'needs a client with a secret')
  return {
    id,
    name,
    grants: [...new Set(grants)],
    profile,
    format,
    roles: roles === null ? null : [...new Set(roles)],
    introspect,
    confidential,
    configured,
  }
}

/** Throws `invalid_request` for a secret that can be guessed. */
export function checkClientSecret(secret: string): void {
  const enough = secret.length >= MIN_SECRET_CHARS && secret.length <= 200
  require(enough, 'secret', `must have ${MIN_SECRET_CHARS} to 200 characters`)
}

function require(holds: boolean, path: string, message: string): void {
  if (holds) return
  throw new LatchkeyError('invalid_request', `The client’s ${path} ${message}.`, {
    issues: [{ path, message }],
  })
}
