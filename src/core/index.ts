export {
  type Actor,
  type ActorStatus,
  canonicalIdentity,
  type Identity,
  ROLES,
  valuesOf,
} from './actor.ts'
export type { AuditAct, AuditEntry, AuditPage, AuditQuery } from './audit.ts'
export * from './authority/index.ts'
export {
  type EndableSession,
  ERROR_TABLE,
  type ErrorCode,
  errorOf,
  LatchkeyError,
  type ProofChallenge,
  type Refusal,
} from './errors.ts'
export type { ActorEvent, RoutedEvent } from './event.ts'
export type { Guard, GuardedLogin, RequestSource } from './guard.ts'
export type * from './ports/index.ts'
export { expiresAt, stateOf } from './session/lifetimes.ts'
export { type LimitPolicy, PROFILES, type Profile, type ProfileName } from './session/profile.ts'
export type {
  Binding,
  Client,
  EndedSession,
  EndReason,
  SessionListing,
  SessionRecord,
  SessionView,
} from './session/record.ts'
export { isSettingName, type SettingName, type SettingState, type Settings } from './settings.ts'
export type {
  CodecFactory,
  KeyRotation,
  NextKey,
  ParsedRenewal,
  ParsedToken,
  PublicKey,
  SigningKeys,
  TokenCodec,
  TokenFacts,
} from './token/codec.ts'
export { JWT_FORMAT, type JwtOptions, jwtCodec } from './token/jwt-codec.ts'
export { nativeCodec, TOKEN_PATTERN } from './token/native-codec.ts'
export { PresentedToken } from './token/presented-token.ts'
