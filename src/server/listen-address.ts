/** A host and a port to listen on. */
export interface ListenAddress {
  /** An address without brackets, or a host name. */
  readonly host: string
  /** 0 picks a free port. */
  readonly port: number
}

const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/

/**
 * Parses `HOST:PORT`, `[IPV6]:PORT`, `:PORT` or `PORT`. The default host is 127.0.0.1, so that an omitted host never opens a port to a
 * network. Returns null for any other text.
 */
export function parseListenAddress(text: string): ListenAddress | null {
  const parts = /^(?:(\[[^\]]*\]|[^:]*):)?(\d{1,5})$/.exec(text)
  if (parts === null) return null
  const port = Number(parts[2])
  if (port > 65_535) return null
  const host = parts[1] ?? ''
  if (host === '') return { host: '127.0.0.1', port }
  if (host.startsWith('[')) {
    const inner = host.slice(1, -1)
    return URL.canParse(`http://${host}`) ? { host: inner, port } : null
  }
  // Digits and dots must be a whole address: `127.1` and `256.0.0.1` are neither an address nor a name.
  if (/^[\d.]+$/.test(host)) return isIPv4(host) ? { host, port } : null
  return HOST_NAME.test(host) ? { host, port } : null
}

function isIPv4(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && +part < 256)
}

/** Returns `HOST:PORT`, with brackets around an IPv6 host. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
