import { addressPrefix, withinPrefix } from '../../../core/address.ts'
import type { AngenLimits } from './limits.ts'

/** A connection as it is counted. */
export interface Guest {
  /** What it counts for: an IPv4 address, or the /64 of an IPv6 one. Null for one that is exempt or has no address. */
  readonly network: string | null
  authenticated: boolean
}

/** Counts the connections of all listeners, and says who may still come in. */
export class ConnectionCounter {
  readonly #limits: AngenLimits
  readonly #byNetwork = new Map<string, number>()
  #size = 0
  #strangers = 0

  constructor(limits: AngenLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#size
  }

  /** Counts a connection, as one that has not logged in; null, counting nothing, where there is no room for it. */
  enter(address: string | null): Guest | null {
    const { maxUnauthenticated, maxPerAddress, exempt } = this.#limits
    if (this.#strangers >= maxUnauthenticated) return null
    const isExempt = exempt.some((prefix) => withinPrefix(address, prefix))
    const network = address === null || isExempt ? null : addressPrefix(address)
    if (network !== null) {
      const count = this.#byNetwork.get(network) ?? 0
      if (count >= maxPerAddress) return null
      this.#byNetwork.set(network, count + 1)
    }
    this.#size += 1
    this.#strangers += 1
    return { network, authenticated: false }
  }

  /** Counts a connection as one that has logged in. Idempotent. */
  know(guest: Guest): void {
    if (guest.authenticated) return
    guest.authenticated = true
    this.#strangers -= 1
  }

  /** Uncounts a connection; to be called once. */
  leave(guest: Guest): void {
    this.#size -= 1
    this.know(guest)
    const { network } = guest
    if (network === null) return
    const count = (this.#byNetwork.get(network) ?? 1) - 1
    if (count === 0) this.#byNetwork.delete(network)
    else this.#byNetwork.set(network, count)
  }
}
