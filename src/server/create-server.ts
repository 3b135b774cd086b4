import { setTimeout } from 'node:timers/promises'
import type { Connections } from '../connections/index.ts'
import type { Authority } from '../core/index.ts'
import { type ResolvedConfig, resolveConfig } from './config.ts'
import { createServices, type Services } from './create-services.ts'
import type { DoorLocation } from './door.ts'
import { type Log, openLog } from './log.ts'
import { openAngen } from './open-angen.ts'
import { drainDoors, type OpenDoor, openDoors } from './open-doors.ts'
import { openGrpc } from './open-grpc.ts'
import { openHttp } from './open-http.ts'
import type { DurabilityWatch } from './open-store.ts'
import type { OpenedDoor } from './opened-door.ts'
import { requireSafe } from './safety.ts'
import type { ServerConfig } from './server-config.ts'
import { openTls, type TlsMaterial } from './tls/index.ts'

/** Options of `createServer` beside the configuration. */
export interface CreateServerOptions {
  /** Standard error by default. */
  readonly log?: Log
  /** Called when an administrator stops the server through a door. Closes the server by default. */
  readonly onStop?: () => void
}

/** A running server. */
export interface RunningServer {
  /** The open doors. */
  readonly addresses: readonly DoorLocation[]
  /** The file of the certificate authority that the server made; null where a certificate was given, and without TLS. */
  readonly caFile: string | null
  /** The authority that every door uses. */
  readonly authority: Authority
  /** The open connections of every door. */
  readonly connections: Connections
  /** What an acknowledged write survives; null for a store of the application's own. */
  readonly durability: DurabilityWatch | null
  /** The log of the server. */
  readonly log: Log
  /** Counts an unhandled error, for `/metrics`. */
  countFault(): void
  /**
   * Closes the server. It is not ready from now on, and its answers close their connections. It then accepts nothing more, answers
   * requests in progress for at most `shutdownMs`, and closes the store. Idempotent.
   */
  close(options?: CloseOptions): Promise<void>
}

/** Options of `RunningServer.close`. */
export interface CloseOptions {
  /** Whether the server first accepts requests for another `drainMs`, so that a load balancer sees that it is not ready. False by default. */
  readonly drain?: boolean
}

/**
 * Starts a server: store, authority, commands, connections, doors. Throws `invalid_request` for a configuration that is wrong or
 * unsafe, `conflict` for a data folder that another process uses, `unavailable` for an address that is taken. It then closes whatever it
 * has opened, and the store that it was given.
 */
export async function createServer(
  config: ServerConfig = {},
  options: CreateServerOptions = {},
): Promise<RunningServer> {
  const { resolved, log, services } = await prepare(config, options)
  const state: State = { ready: false, tls: null, opened: [], open: [] }
  const addresses = () => state.open.map(({ door, address }) => ({ door: door.name, address }))
  let closing: Promise<void> | null = null
  const close = ({ drain = false }: CloseOptions = {}) => {
    const { drainMs, shutdownMs } = resolved
    closing ??= shutDown(services, state, { drainMs: drain ? drainMs : null, shutdownMs })
    return closing
  }
  const stop = () => {
    close().catch((err: unknown) => log.logger.error({ err }, 'The server did not close.'))
  }
  try {
    state.tls = await openTls(resolved, log)
    const angen = openAngen(resolved, services, state.tls)
    state.opened.push(angen)
    const front = { front: angen.front, ready: () => state.ready }
    state.opened.unshift(await openHttp(resolved, services, front))
    const info = { addresses, onStop: options.onStop ?? stop }
    state.opened.push(await openGrpc(resolved, services, state.tls, info))
    const doors = state.opened.flatMap((opened) => opened.doors)
    state.open = await openDoors(doors, (message) => log.logger.warn(message))
    state.ready = true
  } catch (error) {
    await close()
    throw error
  }
  return {
    addresses: addresses(),
    caFile: state.tls?.caFile ?? null,
    authority: services.authority,
    connections: services.connections,
    durability: services.durability,
    log,
    countFault: () => services.metrics.countFault(),
    close,
  }
}

interface Prepared {
  readonly resolved: ResolvedConfig
  readonly log: Log
  readonly services: Services
}

async function prepare(config: ServerConfig, options: CreateServerOptions): Promise<Prepared> {
  try {
    const resolved = resolveConfig(config)
    requireSafe(resolved)
    const log = options.log ?? openLog({ level: resolved.logLevel, human: resolved.dev })
    return { resolved, log, services: await createServices(resolved, log) }
  } catch (error) {
    const { store } = config
    if (typeof store === 'object') {
      // Closing twice is allowed; the first error is the one that matters.
      await Promise.resolve(store)
        .then((given) => given?.close?.())
        .catch(() => undefined)
    }
    throw error
  }
}

interface State {
  ready: boolean
  tls: TlsMaterial | null
  readonly opened: OpenedDoor[]
  open: readonly OpenDoor[]
}

async function shutDown(
  services: Services,
  state: State,
  { drainMs, shutdownMs }: { readonly drainMs: number | null; readonly shutdownMs: number },
): Promise<void> {
  state.ready = false
  if (drainMs !== null) {
    for (const { door } of state.open) door.announce?.()
    await setTimeout(drainMs)
  }
  const drained = drainDoors(state.open, shutdownMs)
  for (const opened of state.opened) opened.cut()
  state.tls?.close()
  // Long-lived connections are closed with a reason now. Their commands in progress may still be answered.
  const closed = services.connections.close()
  await drained
  for (const opened of state.opened) await opened.close()
  await closed
  services.metrics.close()
  await services.authority.close()
  services.log.flush()
}
