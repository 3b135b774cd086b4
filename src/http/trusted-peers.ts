import { withinPrefix } from '../core/address.ts'

/** How many peers are remembered. */
const MAX_REMEMBERED = 1000

/** Returns a function that says whether a peer is a trusted proxy. It remembers peers, because parsing an address is slow. */
export function createTrustedPeers(
  trusted: readonly string[],
): (peer: string | null | undefined) => boolean {
  const known = new Map<string, boolean>()
  return (peer) => {
    if (trusted.length === 0 || peer === null || peer === undefined) return false
    const remembered = known.get(peer)
    if (remembered !== undefined) return remembered
    if (known.size >= MAX_REMEMBERED) known.clear()
    const isTrusted = trusted.some((prefix) => withinPrefix(peer, prefix))
    known.set(peer, isTrusted)
    return isTrusted
  }
}
