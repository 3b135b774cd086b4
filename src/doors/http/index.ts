import {
  builtInCommands,
  type Command,
  createPipeline,
  createRegistry,
} from '../../commands/index.ts'
import type { Authority } from '../../core/index.ts'
import { createHttpDoor, type HttpDoor, type HttpDoorOptions } from './door.ts'

export { createHttpDoor, type HttpDoor, type HttpDoorOptions, type RequestPeer } from './door.ts'
export { problem } from './problem.ts'

/**
 * The whole HTTP door in one call, to mount in an application of one's own: `createHandler(authority, { prefix: '/auth' })`
 * answers every request under the prefix. Pass the peer's address with each request: without it nothing is limited by
 * address. Application commands may be added.
 */
export function createHandler(
  authority: Authority,
  options: Omit<HttpDoorOptions, 'authority' | 'pipeline' | 'registry'> & {
    readonly commands?: readonly Command[]
  } = {},
): HttpDoor['fetch'] {
  const { commands = [], ...rest } = options
  const registry = createRegistry([...builtInCommands, ...commands])
  const { onError } = options
  const pipeline = createPipeline({
    authority,
    registry,
    ...(onError === undefined ? {} : { onError }),
  })
  return createHttpDoor({ ...rest, authority, pipeline, registry }).fetch
}
