import type { CommandRegistry, OnAnswered, Pipeline } from '../../commands/index.ts'
import type { Connections } from '../../connections/index.ts'
import type { Authority } from '../../core/index.ts'

export interface AngenDoorOptions {
  /** An authority that knows the codes' format: `createAuthority({ codecs: [angenCodec] })`. */
  readonly authority: Authority
  readonly connections: Connections
  /** Whose application commands are served as `module/command`. */
  readonly registry: CommandRegistry
  /** Made over the registry by default. */
  readonly pipeline?: Pipeline
  /** False by default. */
  readonly development?: boolean
  /**
   * Whether `system/error` has the message it is about, as the original has: it may hold a password. Only in development. False by
   * default.
   */
  readonly echoInput?: boolean
  /** `auth/login`s let through in a second; null, the default, holds none back. */
  readonly loginsPerSecond?: number | null
  /** Logins that may wait for that: 10,000 by default. */
  readonly maxWaitingLogins?: number
  /** How long one may wait: 45,000 ms by default, less than a connection may lie idle. */
  readonly maxLoginWaitMs?: number
  /** How long the state of a client stays once its connection has dropped: 300,000 ms by default. */
  readonly keepClientMs?: number
  /** States that stay, at most: 10,000 by default. */
  readonly maxKeptClients?: number
  /** What `system/nodes` says: `["latchkey"]` by default. */
  readonly nodes?: () => readonly string[]
  /** Receives the report of each message. */
  readonly onAnswered?: OnAnswered
  /** Told of failures that no client is told of. `console.error` by default. */
  readonly onError?: (error: unknown, what: string) => void
}
