import { OVERFLOW_EVENT } from '../../../connections/index.ts'
import type { ActorEvent } from '../../../core/index.ts'
import type { StreamLimits } from './limits.ts'

/** A pack, which contains one event, as JSON. One object serves every stream that gets the pack. */
export interface PackText {
  readonly event: ActorEvent
  readonly text: string
  readonly bytes: number
}

interface Pack extends PackText {
  /** 0 until the pack is written for the first time. */
  id: number
}

/** How many ids of dropped packs are sent with empty packs, at most. */
const MAX_FILLED = 1_000

/**
 * The packs of one session that are not confirmed, in order. A pack gets its id when it is first written, so that a pack that is dropped
 * before leaves no gap. For dropped packs that had an id the next transport gets empty packs, because the client waits for every id. In both
 * cases the client receives the event `mailbox.overflow` with `{ dropped }`.
 */
export class PackStore {
  readonly #limits: Pick<StreamLimits, 'packs' | 'packBytes'>
  #packs: Pack[] = []
  #bytes = 0
  #nextId = 1
  #dropped = 0
  #lost: { from: number; to: number; count: number } | null = null

  constructor(limits: Pick<StreamLimits, 'packs' | 'packBytes'>) {
    this.#limits = limits
  }

  /** Adds a pack. Above the limits the oldest packs are dropped. */
  put({ event, text, bytes }: PackText): void {
    this.#packs.push({ id: 0, event, text, bytes })
    this.#bytes += bytes
    while (this.#packs.length > this.#limits.packs || this.#bytes > this.#limits.packBytes) {
      this.#drop()
    }
  }

  /** Removes the packs of these ids. */
  confirm(ids: readonly number[]): void {
    if (ids.length === 0) return
    const confirmed = new Set(ids.filter((id) => id > 0 && id < this.#nextId))
    this.#packs = this.#packs.filter((pack) => {
      if (!confirmed.has(pack.id)) return true
      this.#bytes -= pack.bytes
      return false
    })
    const lost = this.#lost
    if (lost !== null && [...confirmed].some((id) => id >= lost.to)) this.#lost = null
  }

  /** The events of the packs that are not confirmed, after an event for those that were dropped. */
  get unconfirmed(): readonly ActorEvent[] {
    const dropped = this.#dropped + (this.#lost?.count ?? 0)
    const events = this.#packs.map(({ event }) => event)
    return dropped === 0 ? events : [overflow(dropped), ...events]
  }

  /** Whether there is a pack that was never written. */
  get hasUnsent(): boolean {
    return this.#dropped > 0 || this.#packs.at(-1)?.id === 0
  }

  /**
   * Returns packs as JSON, with ascending ids, or null if there are none: for a fresh transport all packs that are not confirmed, with empty ones
   * for those that were dropped; else the packs that were never written. `system` is written as pack 0.
   */
  write({ fresh, system }: { readonly fresh: boolean; readonly system?: string }): string | null {
    const from = fresh ? 0 : this.#nextId
    this.#number()
    const parts = system === undefined ? [] : [`"0":${system}`]
    if (fresh) this.#fill(parts)
    for (const { id, text } of this.#packs) if (id >= from) parts.push(`"${id}":${text}`)
    return parts.length === 0 ? null : `{${parts.join()}}`
  }

  #number(): void {
    if (this.#dropped > 0) {
      const event = overflow(this.#dropped)
      const text = overflowText(this.#dropped)
      const at = this.#packs.findIndex(({ id }) => id === 0)
      const place = at === -1 ? this.#packs.length : at
      this.#packs.splice(place, 0, { id: 0, event, text, bytes: text.length })
      this.#bytes += text.length
      this.#dropped = 0
    }
    for (const pack of this.#packs) if (pack.id === 0) pack.id = this.#nextId++
  }

  #fill(parts: string[]): void {
    if (this.#lost === null) return
    const { from, to, count } = this.#lost
    parts.push(`"${from}":${overflowText(count)}`)
    for (let id = from + 1; id <= to; id++) parts.push(`"${id}":[]`)
  }

  #drop(): void {
    const pack = this.#packs.shift()
    if (pack === undefined) return
    this.#bytes -= pack.bytes
    const { id } = pack
    if (id === 0) {
      this.#dropped++
      return
    }
    const { from = id, count = 0 } = this.#lost ?? {}
    this.#lost = { from: Math.max(from, id - MAX_FILLED + 1), to: id, count: count + 1 }
  }
}

function overflow(dropped: number): ActorEvent {
  return { name: OVERFLOW_EVENT, data: { dropped } }
}

function overflowText(dropped: number): string {
  return JSON.stringify([[OVERFLOW_EVENT, { dropped }]])
}
