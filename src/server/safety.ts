import { isLoopback } from '../core/address.ts'
import type { ResolvedConfig } from './config.ts'
import { configurationError } from './configuration-error.ts'
import { formatListenAddress } from './listen-address.ts'

/** Refuses a configuration that would be unsafe to serve with, in a line that says what to do instead. */
export function requireSafe(config: ResolvedConfig): void {
  const { http, grpc, dev, publicUrl, trustedProxies } = config
  if (http === null && grpc === null) {
    throw configurationError('Every door is off: open one with --http HOST:PORT.')
  }
  if (http === null) return
  if (http.host === 'localhost' || isLoopback(http.host)) return
  const address = formatListenAddress(http)
  if (dev) {
    throw configurationError(
      `--http ${address}: development listens on loopback only; drop --dev to serve others.`,
    )
  }
  if (trustedProxies.length > 0 || publicUrl?.startsWith('https:') === true) return
  throw configurationError(
    `--http ${address}: plain HTTP beyond this machine is refused, for tokens would travel in clear. ` +
      'Put a TLS proxy before it and name it with --trusted-proxies, or give --public-url https://…',
  )
}
