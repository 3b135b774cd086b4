export {
  type Connection,
  type ConnectionEnds,
  type Connections,
  type ConnectionsOptions,
  createConnections,
} from './connections.ts'
export { OVERFLOW_EVENT } from './mailbox.ts'
