import { resolve } from 'node:path'
import { createHttpDoor } from '../doors/http/index.ts'
import { createMageDoor, createMessageStream } from '../doors/mage/index.ts'
import { createPages } from '../web/pages/index.ts'
import type { ResolvedConfig } from './config.ts'
import { connectionLimits } from './connection-limits.ts'
import type { Services } from './create-services.ts'
import { HttpConnections } from './http-connections.ts'
import { createHttpListener, type FrontDoor } from './http-listener.ts'
import type { OpenedDoor } from './opened-door.ts'

/** The levels of the server's log for those of a MAGE application. */
const MAGE_LEVELS = {
  verbose: 'trace',
  debug: 'debug',
  info: 'info',
  notice: 'info',
  warning: 'warn',
  error: 'error',
  critical: 'error',
  alert: 'fatal',
  emergency: 'fatal',
} as const

/** Options of `openHttp`. */
export interface OpenHttpOptions {
  /** Doors that share the port. */
  readonly front: readonly FrontDoor[]
  /** Whether `GET /readyz` may report that the server is ready. */
  readonly ready: () => boolean
}

/** Opens the doors of the HTTP port. MAGE's commands and streams get each request before the HTTP door. */
export async function openHttp(
  config: ResolvedConfig,
  { authority, connections, registry, pipeline, metrics, durability, log: { logger } }: Services,
  { front, ready }: OpenHttpOptions,
): Promise<OpenedDoor> {
  const { http: address, modules, publicUrl, corsOrigins, oauth, authenticateMs } = config
  const { dev: development, trustedProxies, allowedHosts } = config
  const onError = (err: unknown, what: string) => logger.error({ err, what }, 'A request failed.')
  const common = { authority, registry, development, trustedProxies, allowedHosts, onError }
  // Every door serves the MAGE application's commands, even where the HTTP port is closed.
  const mage = await createMageDoor({
    ...common,
    connections,
    app: config.mageApp,
    config: config.mage,
    onLog: ({ level, contexts, parts, data }) =>
      logger[MAGE_LEVELS[level]]({ contexts, data }, parts.map(String).join(' ')),
    ...(modules === null ? {} : { modules: resolve(modules) }),
  })
  const { services, callerOf, allowsHost, cors } = mage
  const stream = createMessageStream({ services, connections, callerOf, allowsHost, cors, onError })
  const ends = { cut: () => stream.close(), close: () => mage.close() }
  if (address === null) return { doors: [], ...ends }
  const sockets = new HttpConnections({
    limits: connectionLimits(config, [...trustedProxies, ...config.proxies]),
    authenticateMs,
    trustedProxies,
  })
  const door = createHttpDoor({
    ...common,
    pipeline,
    connections,
    ...(publicUrl === null ? {} : { publicUrl }),
    corsOrigins,
    oauth,
    clearSiteData: config.clearSiteData,
    ready,
    ...(durability === null ? {} : { durability: durability.read }),
    metrics: metrics.render,
    onAnswered: ({ method, route, status }) =>
      metrics.countAnswer(`${method} ${route}`, Number(status)),
  })
  const pages = config.pages
    ? createPages({
        authority,
        connections,
        home: true,
        development,
        trustedProxies,
        allowedHosts,
        texts: config.pageTexts,
        ...(publicUrl === null ? {} : { publicUrl }),
        onAnswered: ({ method, route, status }) =>
          metrics.countAnswer(`${method} ${route}`, status),
        onError,
      })
    : null
  const fronts = [mage, stream, ...front]
  return {
    doors: [
      createHttpListener({
        door,
        pages,
        front: fronts,
        address,
        connections: sockets,
        authenticateMs,
        onError,
      }),
    ],
    ...ends,
  }
}
