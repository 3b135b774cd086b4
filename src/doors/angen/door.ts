import type { IncomingMessage, ServerResponse } from 'node:http'
import { createPipeline } from '../../commands/index.ts'
import { LatchkeyError } from '../../core/index.ts'
import type { AngenDoorOptions } from './door-options.ts'
import { createFinder } from './protocol/application.ts'
import { ClientStates } from './protocol/client-states.ts'
import type { Services } from './protocol/command.ts'
import { Conversation } from './protocol/conversation.ts'
import { LoginQueue } from './protocol/login-queue.ts'
import { serveSchemas } from './protocol/schemas.ts'
import type { Accept } from './wire.ts'

/** The protocol of Angen, independent of the transport. */
export interface AngenDoor {
  /** Starts the conversation with a connected client. */
  readonly accept: Accept
  /** Answers `GET /schema/angen/…`. Returns false for every other request, which it does not touch. */
  handle(request: IncomingMessage, response: ServerResponse): boolean
  /** Returns how many logins wait and how many client states are held, for metrics. */
  stats(): {
    /** The number of logins that wait. */
    readonly waitingLogins: number
    /** The number of actors whose client state is kept. */
    readonly clients: number
  }
  /** Refuses the logins that wait. The transport closes the connections. Idempotent. */
  close(): void
}

/** Opens the Angen door. Throws `invalid_request` for `echoInput` outside development. */
export function createAngenDoor(options: AngenDoorOptions): AngenDoor {
  if (options.echoInput === true && options.development !== true) {
    throw new LatchkeyError(
      'invalid_request',
      'echoInput is for development: it may send passwords back.',
    )
  }
  const services = createServices(options)
  return {
    accept: (wire) => new Conversation(services, wire),
    handle: serveSchemas(options.registry),
    stats: () => ({ waitingLogins: services.queue?.size ?? 0, clients: services.states.size }),
    close: () => services.queue?.close(),
  }
}

function createServices(options: AngenDoorOptions): Services {
  const { authority, connections, registry } = options
  const onError =
    options.onError ?? ((error: unknown, what: string) => console.error('latchkey:', what, error))
  const perSecond = options.loginsPerSecond ?? null
  const deliver = connections.send.bind(connections)
  return {
    authority,
    connections,
    pipeline: options.pipeline ?? createPipeline({ authority, registry, deliver, onError }),
    states: new ClientStates({
      keepMs: options.keepClientMs ?? 300_000,
      maxKept: options.maxKeptClients ?? 10_000,
      now: () => authority.now(),
    }),
    queue:
      perSecond === null
        ? null
        : new LoginQueue({
            perSecond,
            maxWaiting: options.maxWaitingLogins ?? 10_000,
            maxWaitMs: options.maxLoginWaitMs ?? 45_000,
            now: () => performance.now(),
          }),
    nodes: options.nodes ?? (() => ['latchkey']),
    echoInput: options.echoInput ?? false,
    onError,
    find: createFinder(registry),
  }
}
