import { forwardedAddress } from '../core/address.ts'
import type { HeaderReader } from './header-reader.ts'

/** Returns the client's address, given the headers of a request and the address of its peer; null where it is not known. */
export type ClientAddress = (headers: HeaderReader, peer: string | null) => string | null

/**
 * Reads the client's address: that of the peer, or behind a trusted proxy the last hop of `X-Forwarded-For` or `Forwarded` that is not one.
 * `trusted` lists addresses and CIDR prefixes.
 */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  return (headers, peer) => {
    if (trusted.length === 0) return forwardedAddress({ peer, forwardedFor: null, trusted })
    const forwardedFor = headers.get('x-forwarded-for')
    return forwardedAddress({ peer, forwardedFor, forwarded: headers.get('forwarded'), trusted })
  }
}
