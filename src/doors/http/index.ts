import {
  builtInCommands,
  type Command,
  createPipeline,
  createRegistry,
} from '../../commands/index.ts'
import { createConnections } from '../../connections/index.ts'
import type { Authority } from '../../core/index.ts'
import { createHttpDoor, type HttpDoor } from './door.ts'
import type { HttpDoorOptions } from './door-options.ts'

export { problem } from '../../http/index.ts'
export { createHttpDoor, type HttpDoor } from './door.ts'
export type { HttpDoorOptions, RequestPeer } from './door-options.ts'

/** Options of `createHandler`. */
export interface HandlerOptions
  extends Omit<HttpDoorOptions, 'authority' | 'pipeline' | 'registry'> {
  /** Commands of the application: `POST /v1/commands/{name}` calls them. None by default. */
  readonly commands?: readonly Command[]
}

/**
 * Makes the HTTP door as one function, to mount in an application: `createHandler(authority, { prefix: '/auth' })` answers every
 * request below the prefix. Pass the address of the peer with each request: without it no limit applies by address.
 */
export function createHandler(
  authority: Authority,
  options: HandlerOptions = {},
): HttpDoor['fetch'] {
  const { commands = [], ...rest } = options
  const registry = createRegistry([...builtInCommands, ...commands])
  const { onError } = options
  const failures =
    onError === undefined ? {} : { onError: (error: unknown) => onError(error, 'http') }
  const pipeline = createPipeline({
    authority,
    registry,
    ...(onError === undefined ? {} : { onError }),
  })
  const connections = rest.connections ?? createConnections({ authority, ...failures })
  return createHttpDoor({ ...rest, authority, pipeline, registry, connections }).fetch
}
