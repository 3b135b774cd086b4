/** The state that the clients of an actor share. */
export interface ClientState {
  readonly bot: boolean
  afk: boolean
  inGame: boolean
  ready: boolean
  sync: Record<string, unknown> | null
  updateId: number
}

/** One open connection of an actor. */
interface ClientMember {
  push(name: string, message: object): void
}

interface Shared {
  readonly state: ClientState
  readonly members: Set<ClientMember>
}

export interface ClientStatesOptions {
  /** How long the state is kept after the last connection was lost. */
  readonly keepMs: number
  /** The largest number of states without a connection; the oldest is removed first. */
  readonly maxKept: number
  readonly now: () => number
}

/** The state that the connections of an actor share, by actor. */
export class ClientStates {
  readonly #options: ClientStatesOptions
  readonly #byActor = new Map<string, Shared>()
  /** The actors without an open connection, in the order in which the connections were lost. */
  readonly #kept = new Map<string, number>()

  constructor(options: ClientStatesOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#byActor.size
  }

  /** Adds a connection. The first one of an actor sets whether the client is a bot. */
  join(actorId: string, member: ClientMember, { bot }: { readonly bot: boolean }): void {
    this.#forget()
    let shared = this.#byActor.get(actorId)
    if (shared === undefined) {
      const state = { bot, afk: false, inGame: false, ready: false, sync: null, updateId: 0 }
      shared = { state, members: new Set() }
      this.#byActor.set(actorId, shared)
    }
    this.#kept.delete(actorId)
    shared.members.add(member)
  }

  /** Removes a connection. With the last one the state is removed, at once or, if the connection was lost, after a time. */
  leave(actorId: string, member: ClientMember, { dropped }: { readonly dropped: boolean }): void {
    const shared = this.#byActor.get(actorId)
    if (shared?.members.delete(member) !== true || shared.members.size > 0) return
    if (dropped) this.#kept.set(actorId, this.#options.now() + this.#options.keepMs)
    else this.#byActor.delete(actorId)
    this.#forget()
  }

  find(actorId: string): ClientState | null {
    return this.#byActor.get(actorId)?.state ?? null
  }

  /** Sends an event to every connection of an actor. */
  tell(actorId: string, name: string, message: object): void {
    for (const member of [...(this.#byActor.get(actorId)?.members ?? [])])
      member.push(name, message)
  }

  #forget(): void {
    const now = this.#options.now()
    for (const [actorId, until] of this.#kept) {
      if (until > now && this.#kept.size <= this.#options.maxKept) return
      this.#kept.delete(actorId)
      this.#byActor.delete(actorId)
    }
  }
}
