export {
  type AuthenticationOptions,
  authenticate,
  authenticationStep,
  type WebStep,
} from './authentication.ts'
export {
  type ApiKeyOptions,
  type Authenticator,
  apiKeyAuthenticator,
  basicAuthenticator,
  bearerAuthenticator,
  tokenAuthenticator,
} from './authenticators.ts'
export { type DirectoryUser, directoryUsers } from './directory-users.ts'
export { authOf, exchangeOf, findExchange, openExchange, sessionOf } from './exchange.ts'
export { fingerprint, type SecretKey } from './fingerprint.ts'
export { formToken, verifyFormToken } from './form-token.ts'
export {
  type CookieChoice,
  clearSessionCookie,
  endReasonOf,
  getSession,
  readSessionCookie,
  writeSessionCookie,
} from './get-session.ts'
export {
  type AnyGuard,
  activeUser,
  allowAddresses,
  type EarlyGuard,
  type GuardedAttempt,
  type LoginGuard,
  LoginRefused,
  throttle,
  verifiedEmail,
} from './guards.ts'
export {
  exitImpersonation,
  type ImpersonationOptions,
  impersonate,
  impersonationStep,
  isImpersonating,
  originalUser,
} from './impersonation.ts'
export { type KyselyUsersOptions, kyselyUsers } from './kysely-users.ts'
export { LoginManager, type LoginManagerOptions, type LoginOptions } from './login-manager.ts'
export { type LoginUserOptions, loginUser } from './login-user.ts'
export { passportUser } from './passport-user.ts'
export { type PasswordVerifier, passwordVerifier } from './password-verifier.ts'
export type { PathPattern } from './path-pattern.ts'
export { problemReply, redirectReply, type WebReply } from './reply.ts'
export { type RequestCookie, RequestSession, type SessionCallback } from './request-session.ts'
export {
  type RequireOptions,
  requireFreshStep,
  requireLoginStep,
  requireScopeStep,
} from './require.ts'
export { safeRedirect } from './safe-redirect.ts'
export { IMPERSONATE_SCOPE } from './scopes.ts'
export { type SessionAuthenticatorOptions, sessionAuthenticator } from './session-authenticator.ts'
export {
  type SessionConfig,
  type SessionCookieOptions,
  type SessionOptions,
  sessionConfig,
} from './session-options.ts'
export { sessionStep } from './session-step.ts'
export { showOn } from './show-on.ts'
export {
  hashApiToken,
  type Row,
  type SqlUser,
  type SqlUsersOptions,
  sqlUsers,
  type UserColumns,
} from './sql-users.ts'
export {
  type AnonymousUser,
  anonymousUser,
  type MappedUser,
  type UserField,
  type UserFields,
  type UserLike,
  userFields,
} from './user.ts'
export { type UserDirectoryOptions, userDirectory } from './user-directory.ts'
export {
  type Awaitable,
  inMemoryUsers,
  type ProviderLogin,
  type UserProvider,
} from './user-provider.ts'
export {
  type AnonymousToken,
  type AuthenticatedToken,
  anonymousToken,
  type LoginState,
  type UserToken,
  userToken,
} from './user-token.ts'
export { AuthenticationError, asWebError, WebError } from './web-error.ts'
export type { AnswerCookie, HeldAnswer, WebExchange } from './web-exchange.ts'
export { pathAndQuery, type WebRequest } from './web-request.ts'
