import { once } from 'node:events'
import { connect, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { isThisMachine } from '../../core/address.ts'
import { LatchkeyError } from '../../core/errors.ts'

/** The address of a server, and how to connect to it. */
export interface AngenAddress {
  /** The host name or address; 127.0.0.1 by default. */
  readonly host?: string | undefined
  /** The port; 8201 by default, 8200 for plain TCP. */
  readonly port?: number | undefined
  /** True by default: TLS with verification. An object names what to verify against; false is plain TCP, only within this machine. */
  readonly tls?: boolean | AngenTls | undefined
  /** Allows codes and passwords to be sent to another machine without encryption, with `tls: false`. */
  readonly allowPlainTcp?: boolean | undefined
}

/** Options of Node's TLS; by default the system's authorities and the host's name. */
export type AngenTls = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'
>

/** Throws `invalid_request` for an address to which secrets would be sent without encryption. */
export function requireSafeAddress({ host, tls, allowPlainTcp }: AngenAddress): void {
  if (tls !== false || allowPlainTcp === true || host === undefined) return
  if (isThisMachine(host)) return
  throw new LatchkeyError(
    'invalid_request',
    `Secrets would travel to ${host} in clear: use TLS, or allowPlainTcp.`,
  )
}

/** Opens a connection. Throws `unavailable`, also for a certificate that is not trusted, and the reason of the signal. */
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
    // It may fail again while it closes.
    socket.on('error', () => undefined).destroy()
    signal.throwIfAborted()
    throw new LatchkeyError('unavailable', `No connection to ${at.host}:${at.port}.`, { cause })
  }
}

function tlsOptions(at: { host: string; port: number }, tls: true | AngenTls): ConnectionOptions {
  const named = isIP(at.host) === 0 ? { servername: at.host } : {}
  return { ...at, ...named, minVersion: 'TLSv1.2', ...(tls === true ? {} : tls) }
}
