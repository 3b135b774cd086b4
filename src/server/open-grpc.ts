import { isLoopback } from '../core/address.ts'
import type { GrpcDoorOptions } from '../doors/grpc/index.ts'
import { configurationError } from './configuration-error.ts'
import type { Door } from './door.ts'
import type { GrpcListenerOptions } from './grpc-listener.ts'
import { formatListenAddress } from './listen-address.ts'

export interface OpenGrpcOptions
  extends GrpcDoorOptions,
    Pick<GrpcListenerOptions, 'address' | 'tls' | 'maxConnections' | 'onError'> {
  readonly onError: (error: unknown, what: string) => void
  /** Whether it may go without a certificate, on this machine. */
  readonly insecure: boolean
}

/**
 * The gRPC door of a server, whose libraries are loaded here and no sooner. Throws an error of {@link configurationError} where they are
 * not installed, and for a door without a certificate that nobody asked for or that others could reach.
 */
export async function openGrpc(options: OpenGrpcOptions): Promise<Door> {
  const { address, tls, insecure } = options
  const local = address.host === 'localhost' || isLoopback(address.host)
  if (tls === null && !(insecure && local)) {
    throw configurationError(
      `--grpc ${formatListenAddress(address)} needs a certificate: give --tls-cert FILE and --tls-key FILE` +
        (local ? ', or let it go without on this machine with --grpc-insecure.' : '.'),
    )
  }
  const { createGrpcDoor, createGrpcListener } = await load()
  return createGrpcListener({ ...options, door: createGrpcDoor(options) })
}

async function load() {
  try {
    const [doors, listener] = await Promise.all([
      import('../doors/grpc/index.ts'),
      import('./grpc-listener.ts'),
    ])
    return { ...doors, ...listener }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw configurationError(
      'The gRPC door needs its libraries: npm install @grpc/grpc-js @grpc/reflection grpc-health-check ' +
        '@bufbuild/protobuf, or close it with --grpc off.',
    )
  }
}
