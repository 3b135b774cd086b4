import type { Bus, BusMessage, Clock } from '../../core/ports/index.ts'

/** How many messages wait for a node that is cut off before it is only told that it missed some. */
const MAX_HELD = 1000

/** The wire between the nodes of one engine. */
export interface Hub {
  join(): Bus & { leave(): void }
  /** Cuts a node off, as a broken network would: it hears nothing and its lease runs out. */
  pause(bus: Bus): void
  /** Ends {@link pause}: delivers what was held, or `missed` if the lease had run out. */
  resume(bus: Bus): void
}

interface Held {
  readonly message: BusMessage
  readonly confirm: () => void
}

class Endpoint implements Bus {
  readonly #listeners = new Set<(message: BusMessage) => void>()
  readonly #members: Set<Endpoint>
  readonly #clock: Clock
  readonly #leaseMs: number
  #leaseEnd: number | null = null
  #held: Held[] = []
  #missed = false

  constructor(members: Set<Endpoint>, clock: Clock, leaseMs: number) {
    this.#members = members
    this.#clock = clock
    this.#leaseMs = leaseMs
    members.add(this)
  }

  async publish(message: BusMessage): Promise<void> {
    const others = [...this.#members].filter((member) => member !== this)
    await Promise.all(others.map((other) => other.#deliver(message)))
  }

  subscribe(listener: (message: BusMessage) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  trustedUntil(): number {
    return this.#leaseEnd ?? this.#clock.now() + this.#leaseMs
  }

  pause(): void {
    this.#leaseEnd ??= this.trustedUntil()
  }

  resume(): void {
    const lapsed = this.#missed || (this.#leaseEnd !== null && this.#clock.now() >= this.#leaseEnd)
    const held = this.#held
    this.#held = []
    this.#missed = false
    // Listeners hear before the lease is renewed, so that nothing stale is trusted in between.
    if (lapsed) this.#tell({ kind: 'missed' })
    else for (const { message } of held) this.#tell(message)
    this.#leaseEnd = null
    for (const { confirm } of held) confirm()
  }

  leave(): void {
    this.#members.delete(this)
    this.#listeners.clear()
    for (const { confirm } of this.#held.splice(0)) confirm()
  }

  async #deliver(message: BusMessage): Promise<void> {
    // A published message crosses a process boundary in the real buses: never within the caller's turn.
    await null
    if (!this.#members.has(this)) return
    const leaseEnd = this.#leaseEnd
    if (leaseEnd === null) return this.#tell(message)
    if (this.#held.length >= MAX_HELD) {
      this.#missed = true
      await this.#lapse(leaseEnd)
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#held.push({ message: structuredClone(message), confirm: resolve })
    await Promise.race([promise, this.#lapse(leaseEnd)])
  }

  /** The clock may be a fake one that tells nobody when it is moved, so it is watched. */
  #lapse(leaseEnd: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setInterval(() => {
        if (this.#clock.now() < leaseEnd && this.#leaseEnd === leaseEnd) return
        clearInterval(timer)
        resolve()
      }, 2)
    })
  }

  #tell(message: BusMessage): void {
    for (const listener of this.#listeners) listener(structuredClone(message))
  }
}

/** Makes the wire between nodes. */
export function createHub(options: { readonly clock: Clock; readonly leaseMs: number }): Hub {
  const members = new Set<Endpoint>()
  return {
    join: () => new Endpoint(members, options.clock, options.leaseMs),
    pause(bus) {
      if (bus instanceof Endpoint) bus.pause()
    },
    resume(bus) {
      if (bus instanceof Endpoint) bus.resume()
    },
  }
}
