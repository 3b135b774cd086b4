import type { CommandRegistry, OnAnswered } from '../../commands/index.ts'
import type { Connections } from '../../connections/index.ts'
import type { Authority, SessionsAtChange } from '../../core/index.ts'
import type { StreamConfig } from './application/client-config.ts'
import type { MageLog } from './application/logger.ts'
import type { CorsOptions } from './wire/cors.ts'
import type { MageLimits } from './wire/limits.ts'

/** Options of `createMageDoor`. */
export interface MageDoorOptions {
  /** An authority with the format of session keys: `createAuthority({ codecs: [mageCodec] })`. */
  readonly authority: Authority
  /** Delivers the events of commands. */
  readonly connections: Connections
  /** The commands that all doors serve. The application's commands are added to it, and MAGE's clients can call the others. None by default. */
  readonly registry?: CommandRegistry
  /** The name of the application, the first segment of the path of its commands: `game` by default. */
  readonly app?: string
  /** The folder of the application's modules. Without one, only the built-in commands are served. */
  readonly modules?: string
  /**
   * The application's configuration, for `mage.core.config`. The door reads `apps.<app>.responseCache`, `server.clientHost.cors` and
   * `server.limits`, which has the keys of `MageLimits`. An option takes precedence.
   */
  readonly config?: unknown
  /** Whether anonymous sessions get the access tags they ask for, and requests with a foreign `Host` header are refused. False by default. */
  readonly development?: boolean
  /** The version of the application: the one in its package.json by default. A session of another major or minor version is refused. */
  readonly appVersion?: string | null
  /** What a password change does to the user's sessions: `keep` by default. */
  readonly sessionsAtPasswordChange?: SessionsAtChange
  /** The limits of requests and commands. See `MageLimits` for the defaults. */
  readonly limits?: Partial<MageLimits>
  /** How long the last response of a session is cached for a retry, in seconds: 180 by default. Below 1 the cache is disabled. */
  readonly responseCacheSeconds?: number
  /** Which pages of other origins may call commands: none by default. */
  readonly cors?: CorsOptions | null
  /** How clients reach the message stream: by every transport at `/msgstream` by default. */
  readonly stream?: StreamConfig
  /** Proxies whose `X-Forwarded-For` is trusted. None by default. */
  readonly trustedProxies?: readonly string[]
  /** The `Host` headers that are served: any by default, in development those of this machine. */
  readonly allowedHosts?: readonly string[]
  /** Receives the lines of the application's log. They are dropped by default. */
  readonly onLog?: MageLog
  /** Receives the report of each command. */
  readonly onAnswered?: OnAnswered
  /** Receives errors that are not reported to a client. `console.error` by default. */
  readonly onError?: (error: unknown, what: string) => void
}
