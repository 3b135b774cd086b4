import { type IncomingMessage, type ServerResponse, validateHeaderValue } from 'node:http'
import {
  type CommandRegistry,
  createPipeline,
  createRegistry,
  type Pipeline,
} from '../../commands/index.ts'
import { forwardedAddress } from '../../core/address.ts'
import { type CallOptions, LatchkeyError } from '../../core/index.ts'
import {
  createClientAddress,
  createTrustedPeers,
  isAllowedHost,
  NodeHeaders,
  requestId,
} from '../../http/index.ts'
import { type Application, createApplication } from './application/application.ts'
import { builtInUserCommands } from './application/built-in-commands.ts'
import { clientConfig, DEFAULT_STREAM } from './application/client-config.ts'
import { createLogger } from './application/logger.ts'
import { type LoadedApplication, loadApplication } from './application/module-loader.ts'
import { registryCommands } from './application/registry-commands.ts'
import type { Services } from './application/services.ts'
import { readDoorConfig } from './door-config.ts'
import type { MageDoorOptions } from './door-options.ts'
import { createCommandServer } from './wire/command-server.ts'
import type { CorsOptions } from './wire/cors.ts'
import { DEFAULT_LIMITS, type MageLimits } from './wire/limits.ts'
import { ResponseCache } from './wire/response-cache.ts'

/** Serves MAGE's commands over HTTP, in front of another handler. */
export interface MageDoor {
  /** Handles a request. Returns false, and does nothing, for a path that is not one of the door. */
  handle(request: IncomingMessage, response: ServerResponse): boolean
  /** What the commands use, for `createMessageStream`. */
  readonly services: Services
  /** Returns the source of a request: address and user agent. */
  callerOf(request: IncomingMessage): CallOptions
  /** Returns whether the `Host` header of a request is served. */
  allowsHost(request: IncomingMessage): boolean
  /** Which pages of other origins may call commands; null for none. */
  readonly cors: CorsOptions | null
  /** Calls `teardown` of the application's modules. Idempotent. */
  close(): Promise<void>
}

const RESERVED: ReadonlySet<string> = new Set(['v1', 'angen', 'schema', 'docs', 'msgstream'])

/**
 * Opens the MAGE door: loads the application, adds its commands to the registry and calls `setup` of its modules. Throws `invalid_request`
 * for a reserved name and for an application that cannot be loaded, `TypeError` for a CORS option that is not a valid header value.
 */
export async function createMageDoor(options: MageDoorOptions): Promise<MageDoor> {
  const config = resolveOptions(options)
  const services = createServices(config)
  let detach = () => {}
  try {
    const { modules } = options
    const loaded =
      modules === undefined
        ? null
        : await loadApplication(modules, (instance, files) => {
            if (options.appVersion === undefined) config.version = files.version ?? null
            const log = options.onLog ?? (() => undefined)
            detach = instance.attach({ services, config: options.config, log })
          })
    const pipeline = createPipeline({
      authority: config.authority,
      registry: config.registry,
      deliver: (actorId, event) => config.connections.send(actorId, event),
      onError: services.onError,
    })
    const application = openApplication(config, { services, pipeline, loaded })
    await application.setUp()
    let closing: Promise<void> | null = null
    return {
      ...serve(config, { services, pipeline, loaded, application }),
      services,
      close: () => {
        closing ??= application.tearDown().finally(() => detach())
        return closing
      },
    }
  } catch (error) {
    detach()
    throw error
  }
}

interface DoorConfig extends MageDoorOptions {
  readonly app: string
  readonly registry: CommandRegistry
  readonly limits: MageLimits
  readonly cors: CorsOptions | null
  /** Null until the application's package.json is read. */
  version: string | null
}

function resolveOptions(options: MageDoorOptions): DoorConfig {
  const { app = 'game', registry = createRegistry() } = options
  if (RESERVED.has(app) || !/^[\w-]+$/.test(app)) {
    throw new LatchkeyError('invalid_request', `An application cannot be named “${app}”.`)
  }
  const { limits, clientHost } = readDoorConfig(options.config)
  const cors = options.cors === undefined ? (clientHost?.cors ?? null) : options.cors
  for (const value of [cors?.origin, cors?.methods]) {
    if (value !== undefined) validateHeaderValue('cors', value)
  }
  return {
    ...options,
    app,
    registry,
    limits: { ...DEFAULT_LIMITS, ...limits, ...options.limits },
    cors,
    version: options.appVersion ?? null,
  }
}

function createServices(config: DoorConfig): Services {
  const { authority, connections, app, development = false, onLog, onError } = config
  return {
    authority,
    connections,
    development,
    appName: app,
    get appVersion() {
      return config.version
    },
    sessionsAtPasswordChange: config.sessionsAtPasswordChange ?? 'keep',
    log: createLogger(() => onLog ?? (() => undefined)),
    onError: onError ?? ((error, what) => console.error('latchkey:', what, error)),
  }
}

interface Parts {
  readonly services: Services
  readonly pipeline: Pipeline
  readonly loaded: LoadedApplication | null
}

function openApplication(config: DoorConfig, { services, pipeline, loaded }: Parts): Application {
  const { registry, cors, stream = DEFAULT_STREAM, app: appName } = config
  const timeoutMs = config.limits.commandMs
  const describe = (baseUrl: string) =>
    clientConfig({
      appName,
      appVersion: config.version,
      development: services.development,
      baseUrl,
      cors: cors ?? undefined,
      withCredentials: cors?.credentials === true,
      stream,
      commands: application.commands.values(),
    })
  const builtIn = builtInUserCommands({ describe })
  const application = createApplication({ services, pipeline, builtIn, loaded, timeoutMs })
  for (const command of registryCommands(loaded?.commands ?? [], services, timeoutMs)) {
    if (registry.find(command.name) === null) registry.add([command])
    else services.log.warning(`The other doors have another command ${command.name}.`)
  }
  return application
}

function serve(
  config: DoorConfig,
  { services, pipeline, loaded, application }: Parts & { readonly application: Application },
) {
  const { authority, app, registry, limits, cors } = config
  const { development = false, allowedHosts = [], trustedProxies = [] } = config
  const callerOf = callerReader(trustedProxies)
  const allowsHost = ({ headers }: IncomingMessage) =>
    isAllowedHost(headers.host ?? '', allowedHosts, development)
  const cache = new ResponseCache({
    ttlMs: responseCacheMs(config, app),
    maxSessions: limits.cachedSessions,
    maxChars: limits.cachedChars,
    now: () => authority.now(),
  })
  const hooks = loaded?.instance.hooks ?? []
  const commandMs = limits.commandMs
  const onAnswered = config.onAnswered ?? null
  const isTrusted = createTrustedPeers(trustedProxies)
  const requestIdOf = ({ headers, socket }: IncomingMessage) =>
    requestId(new NodeHeaders(headers), isTrusted(socket.remoteAddress))
  const runner = { services, pipeline, application, registry, hooks, cache, commandMs, onAnswered }
  const root = loaded?.files.root ?? null
  const { onError } = services
  const parts = { app, root, limits, cors, callerOf, allowsHost, requestIdOf, onError, runner }
  return { ...createCommandServer(parts), callerOf, allowsHost, cors }
}

function callerReader(trusted: readonly string[]): (request: IncomingMessage) => CallOptions {
  const clientAddress = createClientAddress(trusted)
  // The address of a connection does not change, and reading it from the socket is slow.
  const addresses = new WeakMap<object, string | null>()
  const peerOf = (socket: IncomingMessage['socket']): string | null => {
    const found = addresses.get(socket)
    if (found !== undefined) return found
    const { remoteAddress: peer = null } = socket
    const address = forwardedAddress({ peer, forwardedFor: null, trusted: [] })
    addresses.set(socket, address)
    return address
  }
  return ({ socket, headers }) => {
    const peer = peerOf(socket)
    const address = trusted.length === 0 ? peer : clientAddress(new NodeHeaders(headers), peer)
    return { door: 'mage', address, userAgent: headers['user-agent'] ?? null }
  }
}

function responseCacheMs({ responseCacheSeconds, config }: MageDoorOptions, app: string): number {
  const apps = (config as { apps?: Record<string, { responseCache?: unknown }> } | undefined)?.apps
  const configured =
    apps !== undefined && Object.hasOwn(apps, app) ? apps[app]?.responseCache : undefined
  const seconds = responseCacheSeconds ?? (configured === undefined ? 180 : configured)
  return typeof seconds === 'number' && seconds >= 1 ? seconds * 1000 : 0
}
