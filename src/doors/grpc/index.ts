export { Agent, Sessions, serviceDefinition } from '../../grpc/index.ts'
export type { ServerInfo } from './agent-service.ts'
export { createGrpcDoor, type GrpcDoor, type GrpcDoorOptions, type GrpcLimits } from './door.ts'
export {
  type CallNeed,
  type SessionInterceptorOptions,
  sessionInterceptor,
  sessionOf,
} from './interceptor.ts'
export { type JwtOptions, jwtCodec } from './jwt-codec.ts'
export { statusOf } from './status.ts'
