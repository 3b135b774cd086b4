import type { Connections } from '../connections/index.ts'
import type { Authority } from '../core/index.ts'
import { resolveConfig, type ServerConfig } from './config.ts'
import { createServices, type Services } from './create-services.ts'
import { type Log, openLog } from './log.ts'
import { openAngen } from './open-angen.ts'
import { drainDoors, type OpenDoor, openDoors } from './open-doors.ts'
import { openGrpc } from './open-grpc.ts'
import { openHttp } from './open-http.ts'
import type { OpenedDoor } from './opened-door.ts'
import { requireSafe } from './safety.ts'
import { openTls, type TlsMaterial } from './tls/index.ts'

export interface CreateServerOptions {
  /** Standard error by default. */
  readonly log?: Log
  /** What is done when an administrator stops the server through a door. By default it closes. */
  readonly onStop?: () => void
}

/** A server that is up. */
export interface RunningServer {
  /** Which doors are open, and where. */
  readonly addresses: readonly { readonly door: string; readonly address: string }[]
  /** The file of the authority by which to know a certificate it made itself; null where somebody gave one, or there is none. */
  readonly caFile: string | null
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
  const log = options.log ?? openLog({ level: resolved.logLevel, human: resolved.dev })
  const services = await createServices(resolved, log)
  const state: State = { ready: false, tls: null, opened: [], open: [] }
  const addresses = () => state.open.map(({ door, address }) => ({ door: door.name, address }))
  let closing: Promise<void> | null = null
  const close = () => {
    closing ??= shut(services, state, resolved.shutdownMs)
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
    const told = { addresses, onStop: options.onStop ?? stop }
    state.opened.push(await openGrpc(resolved, services, state.tls, told))
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
    log,
    countFault: () => services.metrics.countFault(),
    close,
  }
}

interface State {
  ready: boolean
  tls: TlsMaterial | null
  readonly opened: OpenedDoor[]
  open: readonly OpenDoor[]
}

async function shut(services: Services, state: State, ms: number): Promise<void> {
  state.ready = false
  const drained = drainDoors(state.open, ms)
  for (const opened of state.opened) opened.cut()
  state.tls?.close()
  // Long-lived connections end now, with a reason; what they were in the middle of may still be answered.
  services.connections.close()
  await drained
  for (const opened of state.opened) await opened.close()
  services.metrics.close()
  await services.authority.close()
  services.log.flush()
}
