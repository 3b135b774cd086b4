export * from './gen/latchkey/v1/agent_pb.ts'
export * from './gen/latchkey/v1/sessions_pb.ts'
export {
  type MethodDefinitionOf,
  type ServiceDefinitionOf,
  serviceDefinition,
} from './service-definition.ts'
