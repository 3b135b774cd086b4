import type { IncomingMessage } from 'node:http'
import {
  AngenHub,
  createAngenListener,
  createAngenSocketServer,
} from '../doors/angen/transport/index.ts'
import type { Accept } from '../doors/angen/wire.ts'
import type { ResolvedConfig } from './config.ts'
import type { Door } from './door.ts'
import type { FrontDoor } from './http-listener.ts'
import type { Log } from './log.ts'
import type { TlsMaterial } from './tls/index.ts'

/** What the Angen door needs of the house. */
export interface AngenHouse {
  readonly log: Log
  readonly tls: TlsMaterial | null
  /** Whether the `Host` header of a WebSocket's request is served. */
  readonly allowsHost: (request: IncomingMessage) => boolean
}

export interface AngenDoors {
  /** The listeners over TCP and TLS that are to be opened. */
  readonly doors: readonly Door[]
  /** Angen over WebSocket, for the port of the HTTP door. */
  readonly socket: FrontDoor
  /** Closes the WebSockets. */
  close(): void
}

/** Makes every way to the Angen door: TCP, TLS, and WebSocket. All of them share their limits. */
export function openAngen(config: ResolvedConfig, house: AngenHouse, accept: Accept): AngenDoors {
  const { tcp, tls, proxies, maxConnections, publicUrl, trustedProxies } = config
  const { logger } = house.log
  const hub = new AngenHub({
    accept,
    limits: limitsOf(config),
    onError: (err, what) => logger.error({ err, what }, 'A connection failed.'),
  })
  const common = { hub, proxies, maxConnections }
  const doors: Door[] = []
  if (tcp !== null) doors.push(createAngenListener({ ...common, name: 'tcp', address: tcp }))
  if (tls !== null && house.tls !== null) {
    doors.push(createAngenListener({ ...common, name: 'tls', address: tls, tls: house.tls }))
  } else if (tls !== null) {
    logger.info('The tls door stays closed: give --tls-cert FILE and --tls-key FILE to open it.')
  }
  const socket = createAngenSocketServer({
    hub,
    trustedProxies,
    allowsHost: house.allowsHost,
    allowedOrigins: [...config.allowedOrigins, publicUrl ?? []].flat().map(originOf),
  })
  return { doors, socket, close: () => socket.close() }
}

// As browsers write it: without the slash that people add.
function originOf(text: string): string {
  return text === '*' ? text : new URL(text).origin
}

function limitsOf(config: ResolvedConfig) {
  const { maxMessagesPerSecond, maxBytesPerSecond, maxLineBytes } = config
  return {
    lineBytes: maxLineBytes,
    strangerLineBytes: Math.ceil(maxLineBytes / 8),
    messagesPerSecond: maxMessagesPerSecond,
    messageBurst: 2 * maxMessagesPerSecond,
    bytesPerSecond: maxBytesPerSecond,
    byteBurst: 2 * maxBytesPerSecond,
    maxUnauthenticated: config.maxUnauthenticated,
    maxPerAddress: config.maxPerAddress,
    idleMs: config.connectionIdleMs,
  }
}
