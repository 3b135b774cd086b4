import type { ConnectionLimits } from '../connections/connection-counter.ts'
import type { ResolvedConfig } from './config.ts'

/** Connections of this machine are not counted by address: a proxy or a tunnel on it carries those of many clients. */
const THIS_MACHINE = ['127.0.0.0/8', '::1']

/** Returns the limits of the connections of a door. `proxies` carry the connections of many clients. */
export function connectionLimits(
  { maxConnections, maxUnauthenticated, maxPerAddress }: ResolvedConfig,
  proxies: readonly string[] = [],
): Required<ConnectionLimits> {
  return {
    maxConnections,
    maxUnauthenticated,
    maxPerAddress,
    exempt: [...THIS_MACHINE, ...proxies],
  }
}
