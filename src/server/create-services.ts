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
import { measuredStore } from './telemetry/measured-store.ts'
import { createTelemetry, type Telemetry } from './telemetry/telemetry.ts'
import { watchWal } from './watch-wal.ts'

/** What every door uses. */
export interface Services {
  readonly authority: Authority
  readonly connections: Connections
  readonly registry: CommandRegistry
  readonly pipeline: Pipeline
  readonly metrics: Metrics
  readonly telemetry: Telemetry
  readonly log: Log
  /** Stops the watch over the size of the write-ahead log. */
  stopWatching(): void
  /** What an acknowledged write survives; null for a store of the application's own. */
  readonly durability: DurabilityWatch | null
}

/** Opens the store and the authority, and makes what every door uses. */
export async function createServices(config: ResolvedConfig, log: Log): Promise<Services> {
  const registry = createRegistry([...builtInCommands, ...config.commands])
  const { logger } = log
  const telemetry = createTelemetry({ logger, accessLog: logsRequests(config) })
  const { registry: metricsRegistry, failures } = telemetry
  const { store: opening, durability } = await openStore(config, log)
  const store = await opening
  const authority = await openAuthority(config, store, telemetry)
  const connections = createConnections({
    authority,
    onError: (err) => failures.report(err, 'connection', 'A connection failed.'),
  })
  const pipeline = createPipeline({
    authority,
    registry,
    deliver: (actorId, event) => connections.send(actorId, event),
    onError: (err, command) => failures.report(err, command, 'A command failed.'),
  })
  const sources = { registry: metricsRegistry, authority, connections, store, durability }
  const metrics = createMetrics(sources)
  const stopWatching = watchWal(store, logger)
  const common = { authority, connections, registry, pipeline, metrics, telemetry }
  return { ...common, log, durability, stopWatching }
}

function logsRequests({ accessLog, logLevel }: ResolvedConfig): boolean {
  return accessLog === 'on' && (logLevel === 'info' || logLevel === 'debug')
}

function openAuthority(
  config: ResolvedConfig,
  store: Store,
  { failures, observer, onStoreCall, countGuards }: Telemetry,
): Promise<Authority> {
  const developmentSettings = { 'password.minLength': 1, 'password.blocklist': false }
  return createAuthority({
    store: measuredStore(store, onStoreCall),
    settings: {
      registration: config.registration,
      ...(config.dev ? developmentSettings : {}),
      ...mageSettings(config.mage),
      ...config.settings,
    },
    ...(config.directory === null ? {} : { directory: config.directory }),
    guards: countGuards(config.guards),
    codecs: [mageCodec, angenCodec, jwtCodec(), ...config.codecs],
    externalSessions: config.externalSessions,
    clients: config.oauth.clients ?? [],
    cache: { maxEntries: config.cacheEntries, maxBytes: config.cacheBytes },
    storeTimeoutMs: config.storeTimeoutMs,
    pruneEveryMs: config.pruneEveryMs,
    observer,
    onError: (err) => failures.report(err, 'background', 'A background task failed.'),
  })
}
