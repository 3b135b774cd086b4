import { isThisMachine } from '../core/address.ts'
import type { ResolvedConfig } from './config.ts'
import { configurationError } from './configuration-error.ts'
import { formatListenAddress } from './listen-address.ts'

/** Throws an error of `configurationError` for a configuration that is unsafe. The message says what to do instead. */
export function requireSafe(config: ResolvedConfig): void {
  const { http, tcp, tls, grpc, dev } = config
  requireCertificate(config)
  const secure = config.tlsSelfMade || config.tlsCert !== null
  const overTls = secure && tls !== null
  const agents = (secure || config.grpcInsecure) && grpc !== null
  if (http === null && tcp === null && !overTls && !agents) {
    throw configurationError('Every door is off: open one with --http HOST:PORT.')
  }
  if (config.echoInput && !dev) {
    throw configurationError(
      '--echo-input works with --dev only, because the input may be a password.',
    )
  }
  if (dev) {
    for (const [flag, address] of Object.entries({ http, tcp, tls, grpc })) {
      if (address === null || isThisMachine(address.host)) continue
      throw configurationError(
        `--${flag} ${formatListenAddress(address)}: development listens on loopback only; drop --dev to serve others.`,
      )
    }
  }
  if (http !== null && !isThisMachine(http.host)) requireHttps(config, formatListenAddress(http))
  if (tcp !== null && !isThisMachine(tcp.host) && !config.tcpPublic) {
    throw configurationError(
      `--tcp ${formatListenAddress(tcp)}: plain TCP beyond this machine is refused, because tokens would be sent unencrypted. ` +
        'Use --tls, or add --tcp-public on a private network.',
    )
  }
}

function requireHttps({ trustedProxies, publicUrl }: ResolvedConfig, address: string): void {
  if (trustedProxies.length > 0 || publicUrl?.startsWith('https:') === true) return
  throw configurationError(
    `--http ${address}: plain HTTP beyond this machine is refused, because tokens would be sent unencrypted. ` +
      'Put a TLS proxy in front and name it with --trusted-proxies, or give --public-url https://…',
  )
}

function requireCertificate({ tls, tlsCert, tlsKey, tlsSelfMade }: ResolvedConfig): void {
  if ((tlsCert === null) !== (tlsKey === null)) {
    const [given, missing] = tlsKey === null ? ['cert', 'key'] : ['key', 'cert']
    throw configurationError(`--tls-${given} needs --tls-${missing} FILE beside it.`)
  }
  if (tls?.named !== true || tlsCert !== null || tlsSelfMade) return
  throw configurationError(
    `--tls ${formatListenAddress(tls)} needs a certificate: give --tls-cert FILE and --tls-key FILE.`,
  )
}
