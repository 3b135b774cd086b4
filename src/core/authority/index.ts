export type { ImportedActor } from './actors/actors.ts'
export type { ActorsGroup } from './actors/actors-group.ts'
export type { Claim } from './actors/claim.ts'
export type { CredentialsGroup } from './actors/credentials-group.ts'
export type { ActorExport } from './actors/export-actor.ts'
export type { PasswordChange, SessionsAtChange } from './actors/passwords.ts'
export type { Invitation, Registration } from './actors/registration.ts'
export type { ActorUpdate } from './actors/update-actor.ts'
export { type AuditGroup, Authority, type AuthorityStats } from './authority.ts'
export type { Change } from './changes.ts'
export type { ClientGrant, ClientOptions, ConfiguredClient, OAuthClient } from './clients/client.ts'
export { clientIdOf } from './clients/client-sessions.ts'
export type { ClientsGroup } from './clients/clients-group.ts'
export type { CodePurpose, IssuedCode } from './codes/one-time-code.ts'
export type { CallOptions } from './context.ts'
export { type AuthorityOptions, createAuthority } from './create-authority.ts'
export type { DevicePoll, DeviceRequest, PolledDevice, StartedDevice } from './devices/device.ts'
export type { DeviceAsking } from './devices/device-grant.ts'
export type { DevicesGroup } from './devices/devices-group.ts'
export type { EventsGroup } from './events-group.ts'
export type { KeysGroup } from './keys-group.ts'
export type { Attempt } from './login/attempts.ts'
export type {
  AnonymousLoginRequest,
  LoggedIn,
  LoginProof,
  LoginRequest,
  TrustedLoginRequest,
  VerifiedLogin,
} from './login/login.ts'
export type { Pruned } from './maintain.ts'
export type { Authenticated, Authentication, RecheckOptions } from './sessions/authenticate.ts'
export type { SessionLifetime, SessionRequest } from './sessions/create-session.ts'
export type { SessionDataView } from './sessions/data.ts'
export type { KeyedPut, KeyedSession, KeyedSessionsGroup } from './sessions/keyed.ts'
export type { Refreshed } from './sessions/refresh.ts'
export type { RenewOptions } from './sessions/renew.ts'
export type { SessionsGroup } from './sessions/sessions-group.ts'
export type { SettingsGroup } from './settings-group.ts'
