import { isLoopback } from '../core/address.ts'
import { LatchkeyError } from '../core/errors.ts'
import type { ResolvedConfig } from './config.ts'
import { configurationError } from './configuration-error.ts'
import type { Furnished } from './create-server.ts'
import { formatListenAddress } from './listen-address.ts'
import { version } from './version.ts'

export interface OpenGrpcOptions {
  /** Where doors are, once they are open. */
  readonly addresses: readonly { readonly door: string; readonly address: string }[]
  readonly onStop: () => void
}

/**
 * Adds the gRPC door to those of the server. One whose address nobody chose stays closed where it has no TLS or its libraries are not
 * installed; any other is refused then.
 */
export async function openGrpc(
  { grpc: address, grpcInsecure, dev, maxConnections }: ResolvedConfig,
  house: Furnished,
  { addresses, onStop }: OpenGrpcOptions,
): Promise<void> {
  if (address === null) return
  const { logger } = house.log
  const wanted = formatListenAddress(address)
  const stays = (why: string) => {
    if (address.named) throw configurationError(`--grpc ${wanted}: ${why}.`)
    logger.info(`The gRPC door stays closed: ${why}.`)
  }
  const local = address.host === 'localhost' || isLoopback(address.host)
  if (!local) return stays('it has no TLS, and would be open beyond this machine')
  if (!grpcInsecure && !dev) return stays('it has no TLS, and --grpc-insecure is not given')
  const parts = await load()
  if (parts === null) return stays('@grpc/grpc-js and its companions are not installed')
  const onError = (err: unknown, what: string) => logger.error({ err, what }, 'A call failed.')
  const { authority, dispatcher, connections } = house
  const info = () => ({ version, addresses })
  const door = parts.createGrpcDoor({
    authority,
    dispatcher,
    connections,
    info,
    onStop,
    onError,
  })
  house.doors.push(parts.createGrpcListener({ door, address, tls: null, maxConnections, onError }))
}

async function load() {
  try {
    const [{ createGrpcDoor }, { createGrpcListener }] = await Promise.all([
      import('../doors/grpc/index.ts'),
      import('./grpc-listener.ts'),
    ])
    return { createGrpcDoor, createGrpcListener }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return null
    throw new LatchkeyError('internal', 'The gRPC door cannot be loaded.', { cause: error })
  }
}
