import {
  builtInCommands,
  type CommandRegistry,
  createPipeline,
  createRegistry,
  type Pipeline,
} from '../commands/index.ts'
import { type Connections, createConnections } from '../connections/index.ts'
import { type Authority, createAuthority, type Store } from '../core/index.ts'
import { jwtCodec } from '../core/token/jwt-codec.ts'
import { angenCodec } from '../doors/angen/index.ts'
import { mageCodec, mageSettings } from '../doors/mage/index.ts'
import type { ResolvedConfig } from './config.ts'
import type { Log } from './log.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { type DurabilityWatch, openStore } from './open-store.ts'

/** What every door uses. */
export interface Services {
  readonly authority: Authority
  readonly connections: Connections
  readonly registry: CommandRegistry
  readonly pipeline: Pipeline
  readonly metrics: Metrics
  readonly log: Log
  /** What an acknowledged write survives; null for a store of the application's own. */
  readonly durability: DurabilityWatch | null
}

/** Opens the store and the authority, and makes what every door uses. */
export async function createServices(config: ResolvedConfig, log: Log): Promise<Services> {
  const registry = createRegistry([...builtInCommands, ...config.commands])
  const { logger } = log
  const { store, durability } = await openStore(config, log)
  const authority = await openAuthority(config, store, log)
  const connections = createConnections({
    authority,
    onError: (err) => logger.error({ err }, 'A connection failed.'),
  })
  const pipeline = createPipeline({
    authority,
    registry,
    deliver: (actorId, event) => connections.send(actorId, event),
    onError: (err, command) => logger.error({ err, command }, 'A command failed.'),
  })
  const metrics = createMetrics({ authority, connections, durability })
  return { authority, connections, registry, pipeline, metrics, log, durability }
}

function openAuthority(
  config: ResolvedConfig,
  store: Store | Promise<Store>,
  { logger }: Log,
): Promise<Authority> {
  const developmentSettings = { 'password.minLength': 1, 'password.blocklist': false }
  return createAuthority({
    store,
    settings: {
      registration: config.registration,
      ...(config.dev ? developmentSettings : {}),
      ...mageSettings(config.mage),
      ...config.settings,
    },
    ...(config.directory === null ? {} : { directory: config.directory }),
    guards: config.guards,
    codecs: [mageCodec, angenCodec, jwtCodec(), ...config.codecs],
    externalSessions: config.externalSessions,
    clients: config.oauth.clients ?? [],
    cache: { maxEntries: config.cacheEntries, maxBytes: config.cacheBytes },
    storeTimeoutMs: config.storeTimeoutMs,
    pruneEveryMs: config.pruneEveryMs,
    onError: (err) => logger.error({ err }, 'A background task failed.'),
  })
}
