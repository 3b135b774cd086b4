import type { Actor } from './actor.ts'
import type { CacheEntry } from './coherent-cache.ts'
import { sameDigest } from './secret.ts'
import type { Binding, Session, SessionRecord } from './session.ts'

/** The state of a counter of {@link ActorChanges} when a reading of an actor began. */
export interface Seen {
  readonly slot: number
  readonly count: number
}

const SLOTS = 16_384

/**
 * Counts changes of actors, so that a reading can be told from one made after the change, wherever a session holds on to it.
 * Actors share counters, which bounds it: a change makes the few others of its counter be read once more.
 */
export class ActorChanges {
  readonly #counts = new Uint32Array(SLOTS)

  /** Taken before an actor is read. */
  seen(id: string): Seen {
    const slot = slotOf(id)
    return { slot, count: this.#countAt(slot) }
  }

  isCurrent({ slot, count }: Seen): boolean {
    return this.#counts[slot] === count
  }

  raise(id: string): void {
    const slot = slotOf(id)
    this.#counts[slot] = this.#countAt(slot) + 1
  }

  #countAt(slot: number): number {
    return this.#counts[slot] ?? 0
  }
}

function slotOf(id: string): number {
  let sum = 0
  for (let at = 0; at < id.length; at++) sum = (Math.imul(sum, 31) + id.charCodeAt(at)) | 0
  return sum & (SLOTS - 1)
}

/** A cached actor. Sessions point at it, so that a change of the actor is one message. */
export class ActorEntry implements CacheEntry {
  used = false
  readonly weight: number
  readonly actor: Actor
  /** When it was read, for directories that only promise a maximum age. */
  readonly readAt: number
  /** What was seen of its changes before it was read; null for one that never changes. */
  readonly seen: Seen | null

  constructor(actor: Actor, readAt: number, seen: Seen | null = null) {
    this.actor = Object.freeze({
      ...actor,
      roles: Object.freeze([...actor.roles]),
      identities: Object.freeze([...actor.identities]),
    })
    this.readAt = readAt
    this.seen = seen
    this.weight = 360 + 2 * (actor.name.length + actor.identities.join().length)
  }
}

const shared = new Map<string, string>()

// Every record read brings its own copy of "web" and "http"; one of each is enough for a million entries.
function share(text: string): string {
  const known = shared.get(text)
  if (known !== undefined) return known
  if (shared.size < 1000) shared.set(text, text)
  return text
}

/** A cached session: only what a check decides on. */
export class SessionEntry implements CacheEntry {
  used = false
  actor: ActorEntry
  impersonator: ActorEntry | null
  lastUsedAt: number
  /** The last use that was handed to the store. */
  touchedAt: number
  readonly id: string
  readonly parent: string | null
  readonly anonymous: boolean
  readonly idleMs: number | null
  /** The earlier of the token's and the session's own end. */
  readonly hardEnd: number
  readonly binding: Binding | null
  readonly #profile: string
  readonly #door: string
  readonly #tokenHash: string
  readonly #previousTokenHash: string | null
  readonly #previousTokenUntil: number
  readonly #createdAt: number
  readonly #authenticatedAt: number
  readonly #endsAt: number
  readonly #generation: number
  readonly #access: readonly string[] | null

  constructor(record: SessionRecord, actor: ActorEntry, impersonator: ActorEntry | null) {
    this.actor = actor
    this.impersonator = impersonator
    this.lastUsedAt = record.lastUsedAt
    this.touchedAt = record.lastUsedAt
    this.id = record.id
    this.parent = record.parent
    this.anonymous = record.anonymous
    this.idleMs = record.idleMs
    this.hardEnd = Math.min(record.endsAt, record.tokenExpiresAt ?? record.endsAt)
    this.binding = record.binding
    this.#profile = share(record.profile)
    this.#door = share(record.door)
    this.#tokenHash = record.tokenHash
    this.#previousTokenHash = record.previousTokenHash
    this.#previousTokenUntil = record.previousTokenUntil
    this.#createdAt = record.createdAt
    this.#authenticatedAt = record.authenticatedAt
    this.#endsAt = record.endsAt
    this.#generation = record.generation
    this.#access = record.access
  }

  get weight(): number {
    return 560
  }

  /** Whether this is the hash of the session's secret, or of the one before it while that still lives. */
  accepts(secretHash: string, now: number): boolean {
    if (sameDigest(secretHash, this.#tokenHash)) return true
    const previous = this.#previousTokenHash
    return previous !== null && now < this.#previousTokenUntil && sameDigest(secretHash, previous)
  }

  /** The instant at which it is over unless used before. */
  expiresAt(): number {
    if (this.idleMs === null) return this.hardEnd
    const idleEnd = this.lastUsedAt + this.idleMs
    return idleEnd < this.hardEnd ? idleEnd : this.hardEnd
  }

  /** What a check says of it. */
  view(): Session {
    const impersonated = this.impersonator !== null
    return {
      id: this.id,
      owner: impersonated ? (this.impersonator as ActorEntry).actor.id : this.actor.actor.id,
      actsAs: impersonated ? this.actor.actor.id : null,
      parent: this.parent,
      profile: this.#profile,
      door: this.#door,
      access: this.#accessNow(),
      anonymous: this.anonymous,
      createdAt: this.#createdAt,
      authenticatedAt: this.#authenticatedAt,
      expiresAt: this.expiresAt(),
      endsAt: this.#endsAt,
      generation: this.#generation,
    }
  }

  // A restriction is a ceiling: a role that its actor has lost is lost here at the next check. What an anonymous
  // session was given at its creation stays on that session.
  #accessNow(): readonly string[] {
    const granted = this.#access
    const roles = this.actor.actor.roles
    if (granted === null) return roles
    if (this.anonymous) return granted
    return granted.filter((role) => roles.includes(role))
  }
}
