import type { CommandRegistry } from '../../commands/index.ts'
import type { Connections } from '../../connections/index.ts'
import type { Authority, SessionsAtChange } from '../../core/index.ts'
import type { StreamConfig } from './application/client-config.ts'
import type { MageLog } from './application/logger.ts'
import type { CorsOptions } from './wire/cors.ts'
import type { MageLimits } from './wire/limits.ts'

export interface MageDoorOptions {
  /** An authority that knows the session key's format: `createAuthority({ codecs: [mageCodec] })`. */
  readonly authority: Authority
  readonly connections: Connections
  /** Gets the application's commands, and gives its own to MAGE's clients; without one there are only the application's. */
  readonly registry?: CommandRegistry
  /** The first part of the path of commands: `game` by default. */
  readonly app?: string
  /** The folder of the application's modules; without one there is only what is built in. */
  readonly modules?: string
  /**
   * The application's configuration, for `mage.core.config`. `apps.<app>.responseCache`, `module.session.ttl`, `server.clientHost.cors` and
   * `server.limits`, in which the limits stand by their names, mean something here; an option beats them.
   */
  readonly config?: unknown
  /** Whether an anonymous login gets the rights it asks for, and foreign hosts are refused. False by default. */
  readonly development?: boolean
  /** The version of the application: a session of another major or minor version is no good. That of its package.json by default. */
  readonly appVersion?: string | null
  /** What a password change does to the user's sessions: `keep` by default. */
  readonly sessionsAtPasswordChange?: SessionsAtChange
  readonly limits?: Partial<MageLimits>
  /** How long the last answer of a session is kept for a retry, in seconds: 180 by default; below 1 not at all. */
  readonly responseCacheSeconds?: number
  /** What pages of other origins may do: nothing by default. */
  readonly cors?: CorsOptions | null
  /** What clients are told of the message stream: every transport at `/msgstream` by default. */
  readonly stream?: StreamConfig
  /** Proxies whose `X-Forwarded-For` is trusted. None by default. */
  readonly trustedProxies?: readonly string[]
  /** `Host` headers that are served; any by default, and in development those of this machine. */
  readonly allowedHosts?: readonly string[]
  /** Takes what the application logs. Nothing by default. */
  readonly onLog?: MageLog
  /** Told of failures that no client is told of. `console.error` by default. */
  readonly onError?: (error: unknown, what: string) => void
}
