import type { Connections } from '../../../connections/index.ts'
import type { Authority, SessionsAtChange } from '../../../core/index.ts'
import type { MageLogger } from './logger.ts'
import type { SessionFacts } from './session-facts.ts'

/** What an application runs on: one house, as one door serves it. */
export interface Services {
  readonly authority: Authority
  readonly connections: Pick<Connections, 'send' | 'broadcast'>
  readonly facts: SessionFacts
  readonly development: boolean
  readonly appName: string
  /** The application's own version, `major.minor.patch`; null where it says none. */
  readonly appVersion: string | null
  /** What a password change does to the user's sessions. */
  readonly sessionsAtPasswordChange: SessionsAtChange
  readonly log: MageLogger
  /** Told of failures that no caller can be told of. */
  readonly onError: (error: unknown, what: string) => void
}
