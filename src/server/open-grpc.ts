import { isThisMachine } from '../core/address.ts'
import { LatchkeyError } from '../core/errors.ts'
import type { DoorAddress, ResolvedConfig } from './config.ts'
import { configurationError } from './configuration-error.ts'
import { connectionLimits } from './connection-limits.ts'
import type { Services } from './create-services.ts'
import type { Door, DoorLocation } from './door.ts'
import { formatListenAddress } from './listen-address.ts'
import type { OpenedDoor } from './opened-door.ts'
import type { TlsMaterial } from './tls/index.ts'
import { version } from './version.ts'

/** Options of `openGrpc`. */
export interface OpenGrpcOptions {
  /** Returns the open doors. */
  readonly addresses: () => readonly DoorLocation[]
  readonly onStop: () => void
}

/**
 * Opens the gRPC door, and loads its packages only then. Where the packages are not installed, or without a certificate, a door at the default
 * address stays closed, and a door at an address of the configuration is an error of `configurationError`.
 */
export async function openGrpc(
  config: ResolvedConfig,
  services: Services,
  tls: TlsMaterial | null,
  options: OpenGrpcOptions,
): Promise<OpenedDoor> {
  const doors: Door[] = []
  try {
    if (config.grpc !== null) doors.push(await doorOf(config.grpc, config, services, tls, options))
  } catch (error) {
    if (config.grpc?.named === true || !(error instanceof LatchkeyError)) throw error
    services.log.logger.info(`The gRPC door stays closed: ${error.message}`)
  }
  return { doors, cut: () => undefined, close: () => Promise.resolve() }
}

async function doorOf(
  address: DoorAddress,
  config: ResolvedConfig,
  { authority, pipeline, connections, log: { logger } }: Services,
  material: TlsMaterial | null,
  { addresses, onStop }: OpenGrpcOptions,
): Promise<Door> {
  const { grpcInsecure, authenticateMs } = config
  const tls = grpcInsecure ? null : material
  const local = isThisMachine(address.host)
  if (tls === null && !(grpcInsecure && local)) {
    throw configurationError(
      `--grpc ${formatListenAddress(address)} needs a certificate: give --tls-cert FILE and --tls-key FILE` +
        (local ? ', or add --grpc-insecure to listen without one on this machine.' : '.'),
    )
  }
  const { createGrpcDoor, createGrpcListener, logGrpc } = await load()
  logGrpc(logger)
  const onError = (err: unknown, what: string) => logger.error({ err, what }, 'A call failed.')
  const info = () => ({ version, addresses: addresses() })
  const door = createGrpcDoor({ authority, pipeline, connections, info, onStop, onError })
  const trustedProxies = [...config.trustedProxies, ...config.proxies]
  const limits = connectionLimits(config, trustedProxies)
  return createGrpcListener({
    door,
    address,
    tls,
    limits,
    authenticateMs,
    trustedProxies,
    onError,
  })
}

async function load() {
  try {
    const [doors, listener, log] = await Promise.all([
      import('../doors/grpc/index.ts'),
      import('./grpc-listener.ts'),
      import('./grpc-log.ts'),
    ])
    return { ...doors, ...listener, ...log }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw configurationError(
      'The gRPC door needs packages that are not installed: npm install @grpc/grpc-js @grpc/reflection grpc-health-check ' +
        '@bufbuild/protobuf, or close it with --grpc off.',
    )
  }
}
