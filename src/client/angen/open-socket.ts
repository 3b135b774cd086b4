import { once } from 'node:events'
import { connect, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { isThisMachine } from '../../core/address.ts'
import { LatchkeyError } from '../../core/errors.ts'

/** Where a server is, and how it is spoken to. */
export interface AngenAddress {
  /** 127.0.0.1 by default. */
  readonly host?: string | undefined
  /** 8201 by default, over plain TCP 8200. */
  readonly port?: number | undefined
  /** True by default: TLS, verified. An object says what to verify against; false is plain TCP, within this machine. */
  readonly tls?: boolean | AngenTls | undefined
  /** Lets codes and passwords travel in clear to another machine, with `tls: false`. */
  readonly allowPlainTcp?: boolean | undefined
}

/** What Node's TLS needs to know; by default the system's authorities and the host's name. */
export type AngenTls = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'
>

/** Refuses an address to which secrets would travel in clear. Throws `invalid_request`. */
export function requireSafeAddress({ host, tls, allowPlainTcp }: AngenAddress): void {
  if (tls !== false || allowPlainTcp === true || host === undefined) return
  if (isThisMachine(host)) return
  throw new LatchkeyError(
    'invalid_request',
    `Secrets would travel to ${host} in clear: use TLS, or allowPlainTcp.`,
  )
}

/** Opens a connection. Throws `unavailable`, also for a certificate that is not trusted; an abort as it came. */
export async function openSocket(
  { host = '127.0.0.1', port, tls = true }: AngenAddress,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Socket> {
  signal.throwIfAborted()
  const plain = tls === false
  const at = { host, port: port ?? (plain ? 8200 : 8201) }
  const socket = plain ? connect({ ...at, noDelay: true }) : connectTls(tlsOptions(at, tls))
  try {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    await once(socket, plain ? 'connect' : 'secureConnect', { signal: patience })
    return socket.setNoDelay(true)
  } catch (cause) {
    // It may fail once more on its way out.
    socket.on('error', () => undefined).destroy()
    signal.throwIfAborted()
    throw new LatchkeyError('unavailable', `No connection to ${at.host}:${at.port}.`, { cause })
  }
}

function tlsOptions(at: { host: string; port: number }, tls: true | AngenTls): ConnectionOptions {
  const named = isIP(at.host) === 0 ? { servername: at.host } : {}
  return { ...at, ...named, minVersion: 'TLSv1.2', ...(tls === true ? {} : tls) }
}
