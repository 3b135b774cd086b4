import { type IncomingMessage, type ServerResponse, validateHeaderValue } from 'node:http'
import {
  type Command,
  type CommandRegistry,
  createPipeline,
  createRegistry,
  type Pipeline,
} from '../../commands/index.ts'
import { forwardedAddress } from '../../core/address.ts'
import { type CallOptions, LatchkeyError } from '../../core/index.ts'
import { isAllowedHost } from '../../http/index.ts'
import { type Application, createApplication } from './application/application.ts'
import { builtInUserCommands } from './application/built-in-commands.ts'
import { clientConfig, DEFAULT_STREAM } from './application/client-config.ts'
import { createLogger } from './application/logger.ts'
import { type LoadedApplication, loadApplication } from './application/module-loader.ts'
import { registryCommands } from './application/registry-commands.ts'
import type { Services } from './application/services.ts'
import { SessionFacts } from './application/session-facts.ts'
import { readDoorConfig } from './door-config.ts'
import type { MageDoorOptions } from './door-options.ts'
import type { BatchRunner } from './wire/batch.ts'
import { createCommandServer } from './wire/command-server.ts'
import type { CorsOptions } from './wire/cors.ts'
import { DEFAULT_LIMITS, type MageLimits } from './wire/limits.ts'
import { ResponseCache } from './wire/response-cache.ts'

/** MAGE's commands over HTTP, to be put in front of another handler. */
export interface MageDoor {
  /** Takes a request, to be answered; false, with nothing done, for one that is not its own. */
  handle(request: IncomingMessage, response: ServerResponse): boolean
  /** What runs behind it. */
  readonly services: Services
  /** Where a request comes from. */
  callerOf(request: IncomingMessage): CallOptions
  /** Whether the `Host` header of a request is served. */
  allowsHost(request: IncomingMessage): boolean
  /** What pages of other origins may do. */
  readonly cors: CorsOptions | null
  /** Lets the application put away what it has. Idempotent. */
  close(): Promise<void>
}

const RESERVED: ReadonlySet<string> = new Set(['v1', 'angen', 'schema', 'docs', 'msgstream'])

/**
 * Opens the MAGE door: loads the application, adds its commands to the registry, sets its modules up. Throws `invalid_request` for a name
 * that is reserved and for an application that cannot be loaded, `TypeError` for an origin that cannot be sent.
 */
export async function createMageDoor(options: MageDoorOptions): Promise<MageDoor> {
  const { authority, app = 'game', modules } = options
  if (RESERVED.has(app) || !/^[\w-]+$/.test(app)) {
    throw new LatchkeyError('invalid_request', `An application cannot be named “${app}”.`)
  }
  const { limits, clientHost } = readDoorConfig(options.config)
  const given: Given = {
    ...options,
    app,
    version: options.appVersion ?? null,
    limits: { ...DEFAULT_LIMITS, ...limits, ...options.limits },
    cors: options.cors === undefined ? (clientHost?.cors ?? null) : options.cors,
  }
  for (const value of [given.cors?.origin, given.cors?.methods]) {
    if (value !== undefined) validateHeaderValue('cors', value)
  }
  const facts = new SessionFacts(authority)
  const services = openServices(given, facts)
  let leave = () => {}
  try {
    const loaded =
      modules === undefined
        ? null
        : await loadApplication(modules, (instance, files) => {
            if (options.appVersion === undefined) given.version = files.version ?? null
            const log = options.onLog ?? (() => undefined)
            leave = instance.stand({ services, config: options.config, log })
          })
    const pipeline = openPipeline(given, services)
    const application = openApplication(given, services, { loaded, pipeline })
    await application.setUp()
    const close = closer(application, () => leave())
    return { ...serve(given, { services, application, loaded, pipeline }), services, close }
  } catch (error) {
    leave()
    throw error
  }
}

interface Given extends MageDoorOptions {
  readonly app: string
  readonly limits: MageLimits
  readonly cors: CorsOptions | null
  /** Known once the application's package.json is read. */
  version: string | null
}

function openServices(given: Given, facts: SessionFacts): Services {
  const { authority, connections, app, development = false, onLog, onError } = given
  return {
    authority,
    connections,
    facts,
    development,
    appName: app,
    get appVersion() {
      return given.version
    },
    sessionsAtPasswordChange: given.sessionsAtPasswordChange ?? 'keep',
    log: createLogger(() => onLog ?? (() => undefined)),
    onError: onError ?? ((error, what) => console.error('latchkey:', what, error)),
  }
}

function openApplication(
  given: Given,
  services: Services,
  { loaded, pipeline }: Pick<Parts, 'loaded' | 'pipeline'>,
): Application {
  const { registry, cors, stream = DEFAULT_STREAM, development = false, app: appName } = given
  const timeoutMs = given.limits.commandMs
  const describe = (baseUrl: string) =>
    clientConfig({
      appName,
      appVersion: given.version,
      development,
      baseUrl,
      cors: cors ?? undefined,
      withCredentials: cors?.credentials === true,
      stream,
      commands: application.commands.values(),
    })
  const builtIn = builtInUserCommands({ describe })
  const application = createApplication({ services, pipeline, builtIn, loaded, timeoutMs })
  if (registry !== undefined && loaded !== null) {
    addCommands(registry, registryCommands(loaded.commands, services, timeoutMs), services)
  }
  return application
}

interface Parts {
  readonly services: Services
  readonly application: Application
  readonly loaded: LoadedApplication | null
  readonly pipeline: Pipeline
}

function serve(given: Given, { services, application, loaded, pipeline }: Parts) {
  const { authority, app, development = false, allowedHosts = [], trustedProxies = [] } = given
  const { limits, cors } = given
  const callerOf = callerReader(trustedProxies)
  const allowsHost = ({ headers }: IncomingMessage) =>
    isAllowedHost(headers.host ?? '', allowedHosts, development)
  const cache = new ResponseCache({
    ttlMs: responseCacheMs(given, app),
    maxSessions: limits.cachedSessions,
    maxChars: limits.cachedChars,
    now: () => authority.now(),
  })
  const runner: BatchRunner = {
    services,
    application,
    others: given.registry === undefined ? null : { registry: given.registry, pipeline },
    hooks: loaded?.instance.hooks ?? [],
    cache,
    commandMs: limits.commandMs,
  }
  const root = loaded?.files.root ?? null
  const { onError } = services
  const server = createCommandServer({
    app,
    root,
    limits,
    cors,
    callerOf,
    allowsHost,
    onError,
    runner,
  })
  return { ...server, callerOf, allowsHost, cors }
}

function openPipeline(
  { authority, connections, registry = createRegistry() }: MageDoorOptions,
  { onError }: Services,
): Pipeline {
  const deliver = connections.send.bind(connections)
  return createPipeline({ authority, registry, deliver, onError })
}

function closer(application: Application, letGo: () => void): () => Promise<void> {
  let closing: Promise<void> | null = null
  return () => {
    closing ??= application.tearDown().finally(letGo)
    return closing
  }
}

function callerReader(trusted: readonly string[]): (request: IncomingMessage) => CallOptions {
  // A connection keeps its address, and reading one costs more than looking it up.
  const known = new WeakMap<object, string | null>()
  const peerOf = (socket: IncomingMessage['socket']): string | null => {
    const before = known.get(socket)
    if (before !== undefined) return before
    const { remoteAddress: peer = null } = socket
    const address = forwardedAddress({ peer, forwardedFor: null, trusted: [] })
    known.set(socket, address)
    return address
  }
  return ({ socket, headers }) => {
    const peer = peerOf(socket)
    const forwardedFor = trusted.length === 0 ? null : joined(headers['x-forwarded-for'])
    const address = forwardedFor === null ? peer : forwardedAddress({ peer, forwardedFor, trusted })
    return { door: 'mage', address, userAgent: headers['user-agent'] ?? null }
  }
}

function joined(header: string | string[] | undefined): string | null {
  return Array.isArray(header) ? header.join() : (header ?? null)
}

function responseCacheMs({ responseCacheSeconds, config }: MageDoorOptions, app: string): number {
  const apps = (config as { apps?: Record<string, { responseCache?: unknown }> } | undefined)?.apps
  const configured =
    apps !== undefined && Object.hasOwn(apps, app) ? apps[app]?.responseCache : undefined
  const seconds = responseCacheSeconds ?? (configured === undefined ? 180 : configured)
  return typeof seconds === 'number' && seconds >= 1 ? seconds * 1000 : 0
}

// A name that another command has elsewhere stays this door's own.
function addCommands(
  registry: CommandRegistry,
  commands: readonly Command[],
  { log }: Services,
): void {
  for (const command of commands) {
    if (registry.find(command.name) === null) registry.add([command])
    else log.warning(`The command ${command.name} is taken at the other doors.`)
  }
}
