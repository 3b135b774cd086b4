import {
  builtInCommands,
  type CommandRegistry,
  createDispatcher,
  createRegistry,
} from '../commands/index.ts'
import { type Connections, createConnections } from '../connections/index.ts'
import { type Authority, createAuthority, type Store } from '../core/index.ts'
import { createHttpDoor } from '../doors/http/index.ts'
import { type ResolvedConfig, resolveConfig, type ServerConfig } from './config.ts'
import type { Door } from './door.ts'
import { createHttpListener } from './http-listener.ts'
import { type Log, openLog } from './log.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { drainDoors, type OpenDoor, openDoors } from './open-doors.ts'
import { requireSafe } from './safety.ts'

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
  const house = furnish(resolved, { authority, registry, log })
  try {
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

/** What stands between the store and the doors. */
interface Furnished {
  readonly authority: Authority
  readonly connections: Connections
  readonly metrics: Metrics
  readonly doors: readonly Door[]
  readonly log: Log
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
    settings: { ...(config.dev ? easy : {}), ...config.settings },
    guards: config.guards,
    cache: { maxEntries: config.cacheEntries, maxBytes: config.cacheBytes },
    storeTimeoutMs: config.storeTimeoutMs,
    pruneEveryMs: config.pruneEveryMs,
    onError: (err) => logger.error({ err }, 'Work in the background failed.'),
  })
}

function furnish(
  config: ResolvedConfig,
  { authority, registry, log }: { authority: Authority; registry: CommandRegistry; log: Log },
): Furnished {
  const { logger } = log
  const onError = (err: unknown) => logger.error({ err }, 'A connection failed.')
  const connections = createConnections({ authority, onError })
  const dispatcher = createDispatcher({
    authority,
    registry,
    deliver: (actorId, event) => connections.send(actorId, event),
    onError: (err, command) => logger.error({ err, command }, 'A command failed.'),
  })
  const metrics = createMetrics({ authority, connections })
  const doors: Door[] = []
  const house: Furnished = { authority, connections, metrics, doors, log, ready: false }
  if (config.http !== null) {
    const door = createHttpDoor({
      authority,
      dispatcher,
      registry,
      development: config.dev,
      trustedProxies: config.trustedProxies,
      allowedHosts: config.allowedHosts,
      ...(config.publicUrl === null ? {} : { publicUrl: config.publicUrl }),
      ready: () => house.ready,
      metrics: metrics.render,
      onAnswer: metrics.countAnswer,
      onError: (err, what) => logger.error({ err, what }, 'A request failed.'),
    })
    doors.push(
      createHttpListener({
        door,
        address: config.http,
        maxConnections: config.maxConnections,
        onError: (err, what) => logger.error({ err, what }, 'A request failed.'),
      }),
    )
  }
  return house
}

async function shut(house: Furnished, open: readonly OpenDoor[], ms: number): Promise<void> {
  house.ready = false
  const drained = drainDoors(open, ms)
  // Long-lived connections end now, with a reason; what they were in the middle of may still be answered.
  house.connections.close()
  await drained
  house.metrics.close()
  await house.authority.close()
  house.log.flush()
}
