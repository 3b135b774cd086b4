import type { CommandRegistry, Pipeline } from '../../commands/index.ts'
import type { Connections } from '../../connections/index.ts'
import type { Authority } from '../../core/index.ts'

/** Options of `createAngenDoor`. */
export interface AngenDoorOptions {
  /** An authority that knows the codes' format: `createAuthority({ codecs: [angenCodec] })`. */
  readonly authority: Authority
  /** The open connections of the server. */
  readonly connections: Connections
  /** The registry whose application commands are served as `module/command`. */
  readonly registry: CommandRegistry
  /** Runs every command. A pipeline over the registry by default. */
  readonly pipeline?: Pipeline
  /** Whether the server runs in development. False by default. */
  readonly development?: boolean
  /**
   * Whether `system/error` contains the message that caused it, as in the original: it may contain a password. Only in development.
   * False by default.
   */
  readonly echoInput?: boolean
  /** The largest number of `auth/login` a second; others wait. Null, the default, for no limit. */
  readonly loginsPerSecond?: number | null
  /** The largest number of logins that wait: 10,000 by default. */
  readonly maxWaitingLogins?: number
  /** How long a login may wait: 45,000 ms by default, less than a connection may be idle. */
  readonly maxLoginWaitMs?: number
  /** How long the state of a client is kept after its connection was lost: 300,000 ms by default. */
  readonly keepClientMs?: number
  /** The largest number of states that are kept without a connection: 10,000 by default. */
  readonly maxKeptClients?: number
  /** The answer of `system/nodes`: `["latchkey"]` by default. */
  readonly nodes?: () => readonly string[]
  /** Called with errors that no answer reports. `console.error` by default. */
  readonly onError?: (error: unknown, what: string) => void
}
