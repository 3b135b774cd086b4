import { resolve } from 'node:path'
import {
  builtInCommands,
  type CommandRegistry,
  createDispatcher,
  createRegistry,
} from '../commands/index.ts'
import { type Connections, createConnections } from '../connections/index.ts'
import { type Authority, createAuthority, type Store } from '../core/index.ts'
import { type AngenDoor, angenCodec, createAngenDoor } from '../doors/angen/index.ts'
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
import { createHttpListener, type FrontDoor } from './http-listener.ts'
import { type Log, openLog } from './log.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { type AngenDoors, openAngen } from './open-angen.ts'
import { drainDoors, type OpenDoor, openDoors } from './open-doors.ts'
import { requireSafe } from './safety.ts'
import { openTls, type TlsMaterial } from './tls/index.ts'

export interface CreateServerOptions {
  /** Standard error by default. */
  readonly log?: Log
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
    await openAngenDoor(resolved, house)
    if (resolved.http !== null) await openHttp(resolved, house)
    const open = await openDoors(house.doors, (message) => log.logger.warn(message))
    house.ready = true
    let closing: Promise<void> | null = null
    return {
      addresses: open.map(({ door, address }) => ({ door: door.name, address })),
      authority,
      connections: house.connections,
      log,
      countFault: () => house.metrics.countFault(),
      close() {
        closing ??= shut(house, open, resolved.shutdownMs)
        return closing
      },
    }
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
  readonly doors: Door[]
  readonly log: Log
  tls: TlsMaterial | null
  angen: { readonly door: AngenDoor; readonly ways: AngenDoors } | null
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
    codecs: [mageCodec, angenCodec],
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
  const closed = { tls: null, angen: null, mage: null, stream: null, ready: false }
  return { ...parts, connections, metrics, doors: [], ...closed }
}

/** Angen over TCP and TLS; its WebSockets and schemas are for the HTTP port. */
async function openAngenDoor(config: ResolvedConfig, house: Furnished): Promise<void> {
  const { authority, connections, registry, log } = house
  house.tls = config.tls === null ? null : await openTls(config, log)
  const door = createAngenDoor({
    authority,
    connections,
    registry,
    development: config.dev,
    onError: (err, what) => log.logger.error({ err, what }, 'A command failed.'),
  })
  const allowsHost: MageDoor['allowsHost'] = (request) => house.mage?.allowsHost(request) ?? false
  const ways = openAngen(config, { log, tls: house.tls, allowsHost }, door.accept)
  house.angen = { door, ways }
  house.doors.push(...ways.doors)
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
    dispatcher: createDispatcher({
      authority,
      registry,
      deliver: (actorId, event) => connections.send(actorId, event),
      onError: (err, command) => logger.error({ err, command }, 'A command failed.'),
    }),
    ...(config.publicUrl === null ? {} : { publicUrl: config.publicUrl }),
    ready: () => house.ready,
    metrics: metrics.render,
    onAnswer: metrics.countAnswer,
  })
  const { maxConnections } = config
  const address = config.http
  if (address === null) return
  const front: FrontDoor[] = [mage, stream]
  if (house.angen !== null) front.unshift(house.angen.door, house.angen.ways.socket)
  house.doors.push(createHttpListener({ door, front, address, maxConnections, onError }))
}

async function shut(house: Furnished, open: readonly OpenDoor[], ms: number): Promise<void> {
  house.ready = false
  const drained = drainDoors(open, ms)
  house.stream?.close()
  house.angen?.door.close()
  house.angen?.ways.close()
  house.tls?.close()
  // Long-lived connections end now, with a reason; what they were in the middle of may still be answered.
  house.connections.close()
  await drained
  await house.mage?.close()
  house.metrics.close()
  await house.authority.close()
  house.log.flush()
}
