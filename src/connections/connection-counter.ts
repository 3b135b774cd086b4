import { addressPrefix, withinPrefix } from '../core/address.ts'

/** How many connections a door accepts. */
export interface ConnectionLimits {
  /** Open connections. Any number by default. */
  readonly maxConnections?: number
  /** Unauthenticated connections. Any number by default. */
  readonly maxUnauthenticated?: number
  /** Connections of one address (of one /64 for IPv6). Any number by default. */
  readonly maxPerAddress?: number
  /** Addresses and CIDR prefixes to which `maxPerAddress` does not apply. None by default. */
  readonly exempt?: readonly string[]
}

/** What a counter has counted since it was made. */
export interface ConnectionStats {
  /** Unauthenticated connections that are open. */
  readonly unauthenticated: number
  /** Connections that were closed to free their place. */
  readonly evicted: number
  /** Connections that were refused, because no place was free. */
  readonly refused: number
}

/** The connections of one address, or of one /64. */
interface Network {
  readonly key: string
  count: number
  /** The least recently used first. */
  readonly unauthenticated: Set<CountedConnection>
}

/**
 * Counts the connections of a door. When no place is free, the unauthenticated connection that was used least recently gives its place to
 * the new one; without an unauthenticated connection the new one is refused.
 */
export class ConnectionCounter {
  readonly #limits: Required<ConnectionLimits>
  readonly #networks = new Map<string, Network>()
  /** The least recently used first. */
  readonly #unauthenticated = new Set<CountedConnection>()
  #size = 0
  #evicted = 0
  #refused = 0

  constructor(limits: ConnectionLimits) {
    const any = Number.POSITIVE_INFINITY
    this.#limits = {
      maxConnections: any,
      maxUnauthenticated: any,
      maxPerAddress: any,
      exempt: [],
      ...limits,
    }
  }

  /** The number of counted connections. */
  get size(): number {
    return this.#size
  }

  stats(): ConnectionStats {
    const unauthenticated = this.#unauthenticated.size
    return { unauthenticated, evicted: this.#evicted, refused: this.#refused }
  }

  /**
   * Counts a connection, as unauthenticated. `close` is called when the connection has to give its place to another; it is not counted
   * any more then. Returns null, and counts nothing, if there is no place.
   */
  enter(address: string | null, close: () => void): CountedConnection | null {
    const { maxConnections, maxUnauthenticated, maxPerAddress } = this.#limits
    const key = this.#keyOf(address)
    const known = key === null ? undefined : this.#networks.get(key)
    const full = known !== undefined && known.count >= maxPerAddress
    if (full && !this.#evict(known.unauthenticated)) return this.#refuse()
    const free = this.#size < maxConnections && this.#unauthenticated.size < maxUnauthenticated
    if (!free && !this.#evict(this.#unauthenticated)) return this.#refuse()
    const network = key === null ? null : this.#network(key)
    const sets = [this.#unauthenticated, ...(network === null ? [] : [network.unauthenticated])]
    this.#size++
    return new CountedConnection(sets, close, () => this.#leave(network))
  }

  #evict(unauthenticated: ReadonlySet<CountedConnection>): boolean {
    const [first] = unauthenticated
    if (first === undefined) return false
    this.#evicted++
    first.evict()
    return true
  }

  #refuse(): null {
    this.#refused++
    return null
  }

  #leave(network: Network | null): void {
    this.#size--
    if (network === null) return
    network.count--
    if (network.count === 0) this.#networks.delete(network.key)
  }

  #network(key: string): Network {
    const network = this.#networks.get(key) ?? { key, count: 0, unauthenticated: new Set() }
    this.#networks.set(key, network)
    network.count++
    return network
  }

  #keyOf(address: string | null): string | null {
    if (address === null) return null
    const isExempt = this.#limits.exempt.some((prefix) => withinPrefix(address, prefix))
    return isExempt ? null : addressPrefix(address)
  }
}

/** A connection that is counted. */
export class CountedConnection {
  readonly #sets: readonly Set<CountedConnection>[]
  readonly #close: () => void
  readonly #onLeave: () => void
  #authenticated = false
  #counted = true

  /** Adds the connection to the sets of unauthenticated connections. */
  constructor(sets: readonly Set<CountedConnection>[], close: () => void, onLeave: () => void) {
    this.#sets = sets
    this.#close = close
    this.#onLeave = onLeave
    for (const set of sets) set.add(this)
  }

  get authenticated(): boolean {
    return this.#authenticated
  }

  /** Marks the connection as authenticated. Idempotent. */
  authenticate(): void {
    if (this.#authenticated) return
    this.#authenticated = true
    for (const set of this.#sets) set.delete(this)
  }

  /** Marks an unauthenticated connection as used now. */
  use(): void {
    if (this.#authenticated || !this.#counted) return
    for (const set of this.#sets) {
      set.delete(this)
      set.add(this)
    }
  }

  /** Closes the connection, to free its place. */
  evict(): void {
    this.leave()
    this.#close()
  }

  /** Removes the connection from the count. Idempotent. */
  leave(): void {
    if (!this.#counted) return
    this.#counted = false
    for (const set of this.#sets) set.delete(this)
    this.#onLeave()
  }
}
