import type { Bus } from '../../core/ports/index.ts'
import type { Channel, Member, Signal } from '../kit/channel.ts'

/** The channel between the nodes of one memory engine, with simulated faults for tests. */
export interface Hub {
  /** Returns the channel of a further node. */
  join(): HubChannel
  /** Disconnects a node like a broken network: no signal reaches or leaves it. */
  pause(node: Bus): void
  /** Ends {@link Hub.pause} and delivers the held signals, in order. */
  resume(node: Bus): void
}

/** The channel of one node. */
export interface HubChannel extends Channel {
  /** Sets the bus that uses this channel, for {@link Hub.pause}. */
  belongsTo(bus: Bus): void
  leave(): void
}

/** The maximum number of signals held for a disconnected node; the oldest are dropped. */
const MAX_HELD = 1000

class Endpoint implements HubChannel {
  readonly #hub: HubState
  #listener: ((signal: Signal) => void) | null = null
  #held: Signal[] | null = null

  constructor(hub: HubState) {
    this.#hub = hub
    hub.endpoints.add(this)
  }

  belongsTo(bus: Bus): void {
    this.#hub.owners.set(bus, this)
  }

  async send(signal: Signal): Promise<void> {
    // Signals sent by a disconnected node are lost, including its own heartbeat.
    if (this.#held !== null) return
    this.deliver(signal)
    // Other nodes receive it in a later turn, as across processes, and all signals of a node in
    // order.
    await null
    for (const endpoint of this.#hub.endpoints) if (endpoint !== this) endpoint.deliver(signal)
  }

  deliver(signal: Signal): void {
    if (this.#held === null) this.#listener?.(structuredClone(signal))
    else if (this.#held.length < MAX_HELD) this.#held.push(structuredClone(signal))
  }

  subscribe(listener: (signal: Signal) => void): () => void {
    this.#listener = listener
    return () => {
      this.#listener = null
    }
  }

  async register(member: Member): Promise<void> {
    this.#hub.members.set(member.id, member)
  }

  async unregister(id: string): Promise<void> {
    this.#hub.members.delete(id)
  }

  async members(): Promise<readonly Member[]> {
    return [...this.#hub.members.values()]
  }

  pause(): void {
    this.#held ??= []
  }

  resume(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const signal of held) this.#listener?.(signal)
  }

  leave(): void {
    this.#hub.endpoints.delete(this)
  }
}

interface HubState {
  readonly endpoints: Set<Endpoint>
  readonly members: Map<string, Member>
  readonly owners: WeakMap<Bus, Endpoint>
}

/** Creates the channel between nodes. */
export function createHub(): Hub {
  const hub: HubState = { endpoints: new Set(), members: new Map(), owners: new WeakMap() }
  return {
    join: () => new Endpoint(hub),
    pause: (bus) => hub.owners.get(bus)?.pause(),
    resume: (bus) => hub.owners.get(bus)?.resume(),
  }
}
