export {
  type AccessTokensOptions,
  accessTokens,
  type RememberMeTokensOptions,
  rememberMeTokens,
  type TokenSource,
} from './accepted-tokens.ts'
export { sessionApiClient } from './api-client.ts'
export { defineConfig } from './config.ts'
export { configure, stubsRoot } from './configure.ts'
export { InvalidSessionError, SessionLimitError } from './errors.ts'
export {
  connectEmitter,
  type SessionCreated,
  type SessionEmitter,
  type SessionEnded,
  type SessionEndReason,
  type SessionEvents,
} from './events.ts'
export {
  createAdonisCodec,
  createExternalSessions,
  type ExternalSessionsOptions,
  type PostgresQuery,
  type TokenFormatOptions,
} from './external-sessions.ts'
export type { CookieContext, RequestContext } from './http-context.ts'
export type { KeyType } from './key-type.ts'
export {
  LoginGuard,
  type LoginGuardOptions,
  loginGuard,
  type ManagedModel,
  type UserOf,
} from './login-guard.ts'
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
export { SessionDataStore, type SessionStoreOptions, sessionStore } from './session-store.ts'
export type { ClientOption } from './session-writer.ts'
