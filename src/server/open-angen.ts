import { createAngenDoor } from '../doors/angen/index.ts'
import {
  AngenHub,
  createAngenListener,
  createAngenSocketServer,
} from '../doors/angen/transport/index.ts'
import { isAllowedHost } from '../http/index.ts'
import type { ResolvedConfig } from './config.ts'
import type { Services } from './create-services.ts'
import type { Door } from './door.ts'
import type { FrontDoor } from './http-listener.ts'
import type { OpenedDoor } from './opened-door.ts'
import type { TlsMaterial } from './tls/index.ts'

export interface OpenedAngenDoor extends OpenedDoor {
  /** The WebSockets and the schemas, which share the port of the HTTP door. */
  readonly front: readonly FrontDoor[]
}

/** Opens the Angen door over TCP, TLS and WebSocket. All three share one set of limits. */
export function openAngen(
  config: ResolvedConfig,
  { authority, connections, registry, log: { logger } }: Services,
  material: TlsMaterial | null,
): OpenedAngenDoor {
  const { tcp, tls, proxies, maxConnections, publicUrl, trustedProxies, loginsPerSecond } = config
  const door = createAngenDoor({
    authority,
    connections,
    registry,
    development: config.dev,
    echoInput: config.echoInput,
    loginsPerSecond: loginsPerSecond === 0 ? null : loginsPerSecond,
    maxWaitingLogins: config.maxWaitingLogins,
    // A login that waits longer would be closed as an idle connection.
    maxLoginWaitMs: Math.ceil(config.connectionIdleMs * 0.75),
    onError: (err, what) => logger.error({ err, what }, 'A command failed.'),
  })
  const hub = new AngenHub({
    accept: door.accept,
    limits: limitsOf(config),
    onError: (err, what) => logger.error({ err, what }, 'A connection failed.'),
  })
  const common = { hub, proxies, maxConnections }
  const doors: Door[] = []
  if (tcp !== null) doors.push(createAngenListener({ ...common, name: 'tcp', address: tcp }))
  if (tls !== null && material !== null) {
    doors.push(createAngenListener({ ...common, name: 'tls', address: tls, tls: material }))
  } else if (tls !== null) {
    logger.info('The tls door stays closed: give --tls-cert FILE and --tls-key FILE to open it.')
  }
  const socket = createAngenSocketServer({
    hub,
    trustedProxies,
    allowsHost: ({ headers }) => isAllowedHost(headers.host ?? '', config.allowedHosts, config.dev),
    allowedOrigins: [...config.allowedOrigins, ...(publicUrl === null ? [] : [publicUrl])],
  })
  return {
    doors,
    front: [door, socket],
    cut() {
      door.close()
      socket.close()
    },
    close: () => Promise.resolve(),
  }
}

function limitsOf(config: ResolvedConfig) {
  const { maxMessagesPerSecond, maxBytesPerSecond, maxLineBytes } = config
  return {
    lineBytes: maxLineBytes,
    unauthenticatedLineBytes: Math.ceil(maxLineBytes / 8),
    messagesPerSecond: maxMessagesPerSecond,
    messageBurst: 2 * maxMessagesPerSecond,
    bytesPerSecond: maxBytesPerSecond,
    byteBurst: 2 * maxBytesPerSecond,
    maxUnauthenticated: config.maxUnauthenticated,
    maxPerAddress: config.maxPerAddress,
    authenticateMs: config.authenticateMs,
    idleMs: config.connectionIdleMs,
  }
}
