export { type Actor, type ActorStatus, canonicalIdentity, ROLES } from './actor.ts'
export type { AuditAct, AuditEntry, AuditPage, AuditQuery } from './audit.ts'
export * from './authority/index.ts'
export { ERROR_TABLE, type ErrorCode, errorOf, LatchkeyError, type Refusal } from './errors.ts'
export type { ActorEvent } from './event.ts'
export type { Guard, GuardedLogin, RequestSource } from './guard.ts'
export type * from './ports/index.ts'
export { type LimitPolicy, PROFILES, type Profile, type ProfileName } from './session/profile.ts'
export {
  type Binding,
  type Client,
  type EndedSession,
  type EndReason,
  expiresAt,
  type Session,
  type SessionListing,
  type SessionRecord,
  stateOf,
} from './session/record.ts'
export type { SettingName, Settings } from './settings.ts'
export {
  type CodecFactory,
  nativeCodec,
  type ParsedRenewal,
  type ParsedToken,
  type PublicKey,
  type SigningKeys,
  TOKEN_PATTERN,
  type TokenCodec,
  type TokenFacts,
} from './token/codec.ts'
