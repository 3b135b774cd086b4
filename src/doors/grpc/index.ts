export { type JwtOptions, jwtCodec } from '../../core/token/jwt-codec.ts'
export { Agent, Sessions, serviceDefinition } from '../../protocol/grpc/index.ts'
export type { ServerInfo } from './agent-service.ts'
export { createGrpcDoor, type GrpcDoor, type GrpcDoorOptions, type GrpcLimits } from './door.ts'
export type { GrpcConnection, GrpcPeer } from './grpc-connections.ts'
export {
  type CallNeed,
  type SessionInterceptorOptions,
  sessionInterceptor,
  sessionOf,
} from './interceptor.ts'
export { statusOf } from './status.ts'
