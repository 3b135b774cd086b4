export {
  type AccessTokensOptions,
  accessTokens,
  type RememberMeTokensOptions,
  rememberMeTokens,
  type TokenSource,
} from './accepted-tokens.ts'
export { InvalidSessionError, SessionLimitError } from './errors.ts'
export {
  connectEmitter,
  type SessionCreated,
  type SessionEmitter,
  type SessionEnded,
  type SessionEndReason,
  type SessionEvents,
} from './events.ts'
export type { CookieContext, RequestContext } from './http-context.ts'
export type { KeyType } from './key-type.ts'
export type {
  DatabaseClient,
  DateTimeValue,
  SecretText,
  SessionModel,
  SessionRow,
  SessionUser,
} from './lucid.ts'
export type { CookieOptions, SessionLimitPolicy, SessionManagerOptions } from './options.ts'
export type { PruneOptions } from './prune.ts'
export {
  type CreateSessionOptions,
  type RevokeOptions,
  SessionManager,
} from './session-manager.ts'
export type { ClientOption } from './session-writer.ts'
