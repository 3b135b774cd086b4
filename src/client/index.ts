export * from './angen/index.ts'
export * from './errors.ts'
export { callErrorOf } from './grpc/call-error.ts'
export {
  type Calls,
  type OpenAgentOptions,
  openAgent,
  type RemoteAgent,
} from './grpc/open-agent.ts'
export { type WithSessionOptions, withSession } from './grpc/with-session.ts'
export * from './http/index.ts'
export {
  Session,
  type SessionMetadataGenerator,
  type SessionOptions,
  type StartOptions,
} from './session/session.ts'
export type { SessionFs, SessionLogger } from './session/token-file.ts'
