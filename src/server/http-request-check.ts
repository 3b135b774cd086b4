import type { IncomingMessage } from 'node:http'

/** Headers that a request may have once. Two of them would be read in different ways. */
const SINGLE: ReadonlyMap<number, string> = new Map(
  ['host', 'origin', 'content-type', 'authorization'].map((name) => [name.length, name]),
)

/** How many `Host` headers are remembered as valid. */
const MAX_REMEMBERED = 1000
const validHosts = new Set<string>()

/**
 * Checks what RFC 9110 and RFC 9112 require of a request and Node's parser does not check, so that every door reads a request in one way.
 * Returns why the request is invalid, or null. The target of a valid request is changed to its path and query.
 */
export function invalidRequest(incoming: IncomingMessage): string | null {
  const { httpVersionMajor, headers } = incoming
  if (httpVersionMajor !== 1) return 'The version of HTTP must be 1.0 or 1.1.'
  const repeated = repeatedHeader(incoming.rawHeaders)
  if (repeated !== null) return `The header ${repeated} is repeated.`
  const { host } = headers
  if (host === undefined) return 'The header host is missing.'
  if (!isHost(host)) return 'The header host is no host with an optional port.'
  return invalidTarget(incoming, host)
}

function repeatedHeader(rawHeaders: readonly string[]): string | null {
  let seen = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    const single = SINGLE.get(name.length)
    if (single === undefined || name.toLowerCase() !== single) continue
    const bit = 1 << name.length
    if ((seen & bit) !== 0) return single
    seen |= bit
  }
  return null
}

function isHost(host: string): boolean {
  if (validHosts.has(host)) return true
  if (!/^[^\s/?#@\\]+$/.test(host) || !URL.canParse(`http://${host}/`)) return false
  if (validHosts.size >= MAX_REMEMBERED) validHosts.clear()
  validHosts.add(host)
  return true
}

// RFC 9112 section 3.2: a path, or a whole URL of the same host, or `*` for OPTIONS.
function invalidTarget(incoming: IncomingMessage, host: string): string | null {
  const { url = '', method } = incoming
  if (url.includes('#')) return 'The target of the request has a fragment.'
  if (url.startsWith('/') || (url === '*' && method === 'OPTIONS')) return null
  const [, authority, rest = ''] = /^https?:\/\/([^/?]*)(.*)$/i.exec(url) ?? []
  if (authority === undefined) return 'The target of the request is no path.'
  if (authority.toLowerCase() !== host.toLowerCase()) {
    return 'The target of the request and the header host name different hosts.'
  }
  incoming.url = rest.startsWith('/') ? rest : `/${rest}`
  return null
}
