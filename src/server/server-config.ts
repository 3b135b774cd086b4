import type { Command } from '../commands/index.ts'
import type {
  CodecFactory,
  ConfiguredClient,
  Directory,
  ExternalSessions,
  Guard,
  Settings,
  Store,
  TokenCodec,
} from '../core/index.ts'
import type { PageTexts } from '../web/pages/index.ts'

/** The least level that is logged. */
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent'

/** The OAuth endpoints of a server. */
export interface OAuthConfig {
  /** The clients that may use them, beside those that `latchkey clients add` registers. None by default. */
  readonly clients?: readonly ConfiguredClient[]
  /** The absolute URL of the page where users approve a device. The server's own page `/oauth/device` by default. */
  readonly verificationUri?: string
}

/**
 * The configuration of a server. Every key of text, number, boolean or list is also a flag of `latchkey serve` and an environment variable:
 * `trustedProxies` is `--trusted-proxies` and `LATCHKEY_TRUSTED_PROXIES`. `commands`, `guards`, `codecs`, `directory`, `mage`, `oauth`,
 * `pageTexts` and
 * a `store` of your own can only be set in code.
 */
export interface ServerConfig {
  /** Where the HTTP door listens: `127.0.0.1:8080` by default. `off` closes it; port 0 picks a free port. */
  readonly http?: string
  /** Where the Angen door listens without TLS: `127.0.0.1:8200` by default in development, else `off`. */
  readonly tcp?: string
  /** Where the Angen door listens over TLS: `127.0.0.1:8201` by default, where there is a certificate. */
  readonly tls?: string
  /** Allows `tcp` to listen beyond this machine. False by default. */
  readonly tcpPublic?: boolean
  /** A PEM file: the certificate of the doors that use TLS, with its chain. */
  readonly tlsCert?: string
  /** A PEM file: the key of the certificate. */
  readonly tlsKey?: string
  /** Makes a certificate for this machine where none is given. By default in development only. */
  readonly tlsSelfMade?: boolean
  /** Proxies in front of `tcp` and `tls`, whose connections must begin with a PROXY header: addresses or CIDR prefixes. None by default. */
  readonly proxies?: readonly string[]
  /** The data folder: `./latchkey-data` by default. A store of your own does not use it. */
  readonly data?: string
  /**
   * Where data is kept: `sqlite` by default, in the data folder; `memory`, which loses everything when the server stops; or a store of your
   * own, which the server closes when it stops and when it cannot start.
   */
  readonly store?: 'sqlite' | 'memory' | Store | Promise<Store>
  /**
   * A PostgreSQL database that several servers share, instead of the data folder: `postgres://user@host:5432/name`. A host on another machine
   * needs `sslmode`. Needs `pg` and `kysely`.
   */
  readonly database?: string
  /** The file with the password of `database`. */
  readonly databasePasswordFile?: string
  /** The URL for notifications, where `database` leads to a transaction pooler: it must reach the server itself. */
  readonly databaseListen?: string
  /** The largest number of connections to `database`: 10 by default. */
  readonly databaseConnections?: number
  /** How long a node that does not receive the others may answer from its cache. 0, the default, for its lease of a second. */
  readonly databaseBoundMs?: number
  /** The name of this node of `database`, for people. The name of the machine by default. */
  readonly node?: string
  /** Where actors are found. The store's own directory by default. */
  readonly directory?: Directory
  /** Token formats beside the native one, those of the MAGE and Angen doors and signed tokens. None by default. */
  readonly codecs?: readonly (TokenCodec | CodecFactory)[]
  /** Sessions whose rows other systems own, such as those of an AdonisJS application. Each needs its codec in `codecs`. */
  readonly externalSessions?: readonly ExternalSessions[]
  /** Development: loopback only, short and common passwords are accepted, cookies work over plain HTTP. False by default. */
  readonly dev?: boolean
  /** Proxies whose `X-Forwarded-For` is trusted: addresses or CIDR prefixes. None by default. */
  readonly trustedProxies?: readonly string[]
  /** Allowed `Host` headers. Every host is allowed by default, in development only those of this machine. */
  readonly allowedHosts?: readonly string[]
  /** Origins of pages that may open a WebSocket of the Angen door, beside this host's own. `*` allows every origin. None by default. */
  readonly allowedOrigins?: readonly string[]
  /** The origin that browsers see: `https://login.example`. */
  readonly publicUrl?: string
  /** Origins of pages that may call the HTTP door with a bearer token: `https://app.example`. None by default. */
  readonly corsOrigins?: readonly string[]
  /** Whether the HTTP door shows the login pages, at `/`. True by default. */
  readonly pages?: boolean
  /** Texts of the login pages in place of the English ones. */
  readonly pageTexts?: Partial<PageTexts>
  /** The endpoints of `/oauth`. */
  readonly oauth?: OAuthConfig
  /** Whether a logout also clears the cache, all cookies and the storage of the site in the browser. False by default. */
  readonly clearSiteData?: boolean
  /** The folder of a MAGE application's modules, `<module>/index.js`. None by default. */
  readonly modules?: string
  /** The first segment of the path of MAGE commands: `game` by default. */
  readonly mageApp?: string
  /** `info` by default. */
  readonly logLevel?: LogLevel
  /** Who may register: `open` by default, `invite` or `closed`. A change that an administrator makes at run time replaces it. */
  readonly registration?: Settings['registration']
  /** Values of settings. A change that an administrator makes at run time replaces the value here. */
  readonly settings?: Partial<Settings>
  /** The largest number of cached sessions: 1,000,000 by default. */
  readonly cacheEntries?: number
  /** The largest size of the session cache in bytes: 268,435,456 by default. */
  readonly cacheBytes?: number
  /** The largest number of open connections: 10,000 by default. */
  readonly maxConnections?: number
  /**
   * The largest number of unauthenticated connections of a door: 5,000 by default. Above it a new connection takes the place of the
   * unauthenticated one that was idle longest.
   */
  readonly maxUnauthenticated?: number
  /**
   * The largest number of connections of a door from one address (one /64 for IPv6): 100 by default. Connections of this machine and of
   * proxies are not counted.
   */
  readonly maxPerAddress?: number
  /**
   * How long a connection may stay unauthenticated: 60,000 ms by default. Requests do not extend it: on the HTTP port the next answer
   * closes the connection.
   */
  readonly authenticateMs?: number
  /** The largest line of the Angen door in bytes, an eighth of it before login: 65,536 by default. */
  readonly maxLineBytes?: number
  /** Messages a second on an Angen connection, with a burst of twice that: 200 by default. */
  readonly maxMessagesPerSecond?: number
  /** Bytes a second on an Angen connection, with a burst of twice that: 262,144 by default. */
  readonly maxBytesPerSecond?: number
  /** How long an Angen connection may be idle: 60,000 ms by default. */
  readonly connectionIdleMs?: number
  /** Logins over Angen a second; others wait. 0, the default, for no limit. */
  readonly loginsPerSecond?: number
  /** The largest number of logins that wait for that: 10,000 by default. */
  readonly maxWaitingLogins?: number
  /** Where the gRPC door listens: `127.0.0.1:8300` by default, where there is a certificate. */
  readonly grpc?: string
  /** Allows `grpc` to listen without TLS, on this machine only. False by default. */
  readonly grpcInsecure?: boolean
  /** Repeats the input in errors of the Angen door, in development only: the input may be a password. False by default. */
  readonly echoInput?: boolean
  /** How long the store may take to answer: 3,000 ms by default. */
  readonly storeTimeoutMs?: number
  /** How often data past its retention is removed: every 60,000 ms by default. 0 for never. */
  readonly pruneEveryMs?: number
  /**
   * How long the server still accepts requests after SIGTERM, while `GET /readyz` says that it is not ready: 1,000 ms by default, 0 in
   * development. At least as long as the load balancer needs to notice.
   */
  readonly drainMs?: number
  /** How long requests in progress may take when the server stops: 10,000 ms by default. */
  readonly shutdownMs?: number
  /** Commands beside the built-in ones. None by default. */
  readonly commands?: readonly Command[]
  /** The configuration of the MAGE application, as `mage.core.config` returns it. `module.session.ttl` is the idle time of `game`. */
  readonly mage?: object
  /** Functions that may refuse a login. None by default. */
  readonly guards?: readonly Guard[]
}

/** Returns the configuration as it is, with its types: `export default defineConfig({ … })`. */
export function defineConfig(config: ServerConfig): ServerConfig {
  return config
}
