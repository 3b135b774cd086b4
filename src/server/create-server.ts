import { resolve } from 'node:path'
import {
  builtInCommands,
  type CommandRegistry,
  createDispatcher,
  createRegistry,
  type Dispatcher,
} from '../commands/index.ts'
import { type Connections, createConnections } from '../connections/index.ts'
import { type Authority, createAuthority, LatchkeyError, type Store } from '../core/index.ts'
import { jwtCodec } from '../doors/grpc/jwt-codec.ts'
import { createHttpDoor } from '../doors/http/index.ts'
import {
  createMageDoor,
  createMessageStream,
  type MageDoor,
  type MessageStream,
  mageCodec,
  mageSettings,
} from '../doors/mage/index.ts'
import { type ResolvedConfig, resolveConfig, type ServerConfig } from './config.ts'
import type { Door } from './door.ts'
import { createHttpListener } from './http-listener.ts'
import { type Log, openLog } from './log.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { drainDoors, type OpenDoor, openDoors } from './open-doors.ts'
import { openGrpc } from './open-grpc.ts'
import { requireSafe } from './safety.ts'
import { version } from './version.ts'

export interface CreateServerOptions {
  /** Standard error by default. */
  readonly log?: Log
  /** An administrator stops the server through a door. By default it closes. */
  readonly onStop?: () => void
}

/** A server that is up. */
export interface RunningServer {
  /** Which doors are open, and where. */
  readonly addresses: readonly { readonly door: string; readonly address: string }[]
  readonly authority: Authority
  readonly connections: Connections
  readonly log: Log
  /** Counts an error that nobody handled, for `/metrics`. */
  countFault(): void
  /** Accepts nothing more, answers what is under way for at most `shutdownMs`, and lets go of the store. Idempotent. */
  close(): Promise<void>
}

/**
 * Starts a server: store, authority, commands, connections, doors. Throws `invalid_request` for a configuration that is wrong or
 * unsafe, `conflict` for a data folder that another process has, `unavailable` for an address that is taken; nothing is left open
 * then.
 */
export async function createServer(
  config: ServerConfig = {},
  options: CreateServerOptions = {},
): Promise<RunningServer> {
  const resolved = resolveConfig(config)
  requireSafe(resolved)
  const registry = createRegistry([...builtInCommands, ...resolved.commands])
  const log = options.log ?? openLog({ level: resolved.logLevel, human: resolved.dev })
  const authority = await openAuthority(resolved, log)
  const house = furnish({ authority, registry, log })
  try {
    if (resolved.http !== null) await openHttp(resolved, house)
    const addresses: { door: string; address: string }[] = []
    await addGrpc(resolved, house, { addresses, onStop: () => onStop() })
    const open = await openDoors(house.doors, (message) => log.logger.warn(message))
    for (const { door, address } of open) addresses.push({ door: door.name, address })
    house.ready = true
    let closing: Promise<void> | null = null
    const server: RunningServer = {
      addresses,
      authority,
      connections: house.connections,
      log,
      countFault: () => house.metrics.countFault(),
      close() {
        closing ??= shut(house, open, resolved.shutdownMs)
        return closing
      },
    }
    const onStop =
      options.onStop ??
      (() => void server.close().catch((err: unknown) => log.logger.error({ err }, 'Not closed.')))
    return server
  } catch (error) {
    await shut(house, [], 0)
    throw error
  }
}

/** How loud the levels of a MAGE application are in the log of the server. */
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

/** What stands between the store and the doors. */
interface Furnished {
  readonly authority: Authority
  readonly connections: Connections
  readonly registry: CommandRegistry
  readonly metrics: Metrics
  readonly dispatcher: Dispatcher
  readonly doors: Door[]
  readonly log: Log
  mage: MageDoor | null
  stream: MessageStream | null
  ready: boolean
}

async function openStore({ store, data }: ResolvedConfig): Promise<Store> {
  if (store === 'memory') return (await import('../stores/memory/index.ts')).memory()
  return (await import('../stores/sqlite/index.ts')).sqlite({ folder: data })
}

function openAuthority(config: ResolvedConfig, { logger }: Log): Promise<Authority> {
  const easy = { 'password.minLength': 1, 'password.blocklist': false }
  return createAuthority({
    store: openStore(config),
    settings: { ...(config.dev ? easy : {}), ...mageSettings(config.mage), ...config.settings },
    guards: config.guards,
    codecs: [mageCodec, jwtCodec()],
    cache: { maxEntries: config.cacheEntries, maxBytes: config.cacheBytes },
    storeTimeoutMs: config.storeTimeoutMs,
    pruneEveryMs: config.pruneEveryMs,
    onError: (err) => logger.error({ err }, 'Work in the background failed.'),
  })
}

function furnish(parts: Pick<Furnished, 'authority' | 'registry' | 'log'>): Furnished {
  const { authority, log } = parts
  const onError = (err: unknown) => log.logger.error({ err }, 'A connection failed.')
  const connections = createConnections({ authority, onError })
  const metrics = createMetrics({ authority, connections })
  const dispatcher = createDispatcher({
    authority,
    registry: parts.registry,
    deliver: (actorId, event) => connections.send(actorId, event),
    onError: (err, command) => log.logger.error({ err, command }, 'A command failed.'),
  })
  const empty = { doors: [], mage: null, stream: null, ready: false }
  return { ...parts, connections, metrics, dispatcher, ...empty }
}

/** The doors of the HTTP port: MAGE's commands in front, HTTP behind. */
async function openHttp(config: ResolvedConfig, house: Furnished): Promise<void> {
  const { authority, connections, registry, metrics } = house
  const { logger } = house.log
  const { dev: development, trustedProxies, allowedHosts, modules, mageApp: app } = config
  const onError = (err: unknown, what: string) => logger.error({ err, what }, 'A request failed.')
  const common = { authority, registry, development, trustedProxies, allowedHosts, onError }
  const mage = await createMageDoor({
    ...common,
    connections,
    app,
    config: config.mage,
    onLog: ({ level, contexts, parts, data }) =>
      logger[MAGE_LEVELS[level]]({ contexts, data }, parts.map(String).join(' ')),
    ...(modules === null ? {} : { modules: resolve(modules) }),
  })
  house.mage = mage
  const { services, callerOf, allowsHost, cors } = mage
  const stream = createMessageStream({ services, connections, callerOf, allowsHost, cors, onError })
  house.stream = stream
  const door = createHttpDoor({
    ...common,
    dispatcher: house.dispatcher,
    ...(config.publicUrl === null ? {} : { publicUrl: config.publicUrl }),
    ready: () => house.ready,
    metrics: metrics.render,
    onAnswer: metrics.countAnswer,
  })
  const { maxConnections } = config
  const address = config.http
  if (address === null) return
  house.doors.push(
    createHttpListener({ door, front: [mage, stream], address, maxConnections, onError }),
  )
}

/** One whose address nobody chose, and that cannot be opened safely, stays closed. */
async function addGrpc(
  { grpc: address, grpcInsecure, dev, maxConnections }: ResolvedConfig,
  { authority, dispatcher, connections, doors, log: { logger } }: Furnished,
  { addresses, onStop }: { addresses: RunningServer['addresses']; onStop: () => void },
): Promise<void> {
  if (address === null) return
  try {
    const door = await openGrpc({
      authority,
      dispatcher,
      connections,
      address,
      tls: null,
      insecure: grpcInsecure || dev,
      maxConnections,
      info: () => ({ version, addresses }),
      onStop,
      onError: (err, what) => logger.error({ err, what }, 'A call failed.'),
    })
    doors.push(door)
  } catch (error) {
    if (address.named || !(error instanceof LatchkeyError)) throw error
    logger.info(`The gRPC door stays closed: ${error.message}`)
  }
}

async function shut(house: Furnished, open: readonly OpenDoor[], ms: number): Promise<void> {
  house.ready = false
  const drained = drainDoors(open, ms)
  house.stream?.close()
  // Long-lived connections end now, with a reason; what they were in the middle of may still be answered.
  house.connections.close()
  await drained
  await house.mage?.close()
  house.metrics.close()
  await house.authority.close()
  house.log.flush()
}
