export {
  type Connection,
  type ConnectionEnds,
  type Connections,
  type ConnectionsOptions,
  createConnections,
  OVERFLOW_EVENT,
} from './connections.ts'
export {
  createSessionEvents,
  type SessionEvents,
  type SessionEventsOptions,
} from './session-events.ts'
