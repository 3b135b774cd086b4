import type { Connections } from '../../../connections/index.ts'
import type { Authority, SessionsAtChange } from '../../../core/index.ts'
import type { MageLogger } from './logger.ts'

/** What the commands of an application use. */
export interface Services {
  readonly authority: Authority
  readonly connections: Pick<Connections, 'send' | 'broadcast'>
  /** Whether anonymous sessions get the access tags they ask for. */
  readonly development: boolean
  readonly appName: string
  /** The application's version, `major.minor.patch`; null where it has none. */
  readonly appVersion: string | null
  /** What a password change does to the user's sessions. */
  readonly sessionsAtPasswordChange: SessionsAtChange
  readonly log: MageLogger
  /** Receives errors that are not reported to a client. */
  readonly onError: (error: unknown, what: string) => void
}
