import { type Actor, anonymousActor } from '../../actor.ts'
import { UNPRESENTED_MS } from '../../session/lifetimes.ts'
import type { Binding, SessionRecord, SessionView } from '../../session/record.ts'
import { hashOfDigest, sameDigest, wordOfDigest, wordsOfHash } from '../../token/secret.ts'
import type { CacheEntry } from './coherent-cache.ts'

/** The state of an actor's change counter when a read of the actor began. */
export interface Seen {
  readonly slot: number
  readonly raisedAt: number
}

const SLOTS = 16_384

/**
 * Counts the changes of actors and of their epochs, so that a session entry can detect that its
 * actor was read before a change. Actors share slots, which bounds the memory: after a change the
 * few other actors of the slot are read again too.
 */
export class ActorChanges {
  readonly #raisedAt = new Float64Array(SLOTS)
  #number = 0

  /** The number of changes so far. */
  get number(): number {
    return this.#number
  }

  /** Returns the state to compare with later. Call it before the actor is read. */
  seen(id: string): Seen {
    const slot = slotOf(id)
    return { slot, raisedAt: this.raisedAt(slot) }
  }

  /** Returns whether an actor may have changed since the change with this number. */
  changedSince(id: string, number: number): boolean {
    return this.raisedAt(slotOf(id)) > number
  }

  raise(id: string): void {
    this.#raisedAt[slotOf(id)] = ++this.#number
  }

  raisedAt(slot: number): number {
    return this.#raisedAt[slot] ?? 0
  }
}

function slotOf(id: string): number {
  let sum = 0
  for (let at = 0; at < id.length; at++) sum = (Math.imul(sum, 31) + id.charCodeAt(at)) | 0
  return sum & (SLOTS - 1)
}

/*
 * Entries are laid out for the processor cache: among a million entries every cache line that a
 * check touches is a miss. V8 stores a number as a separate heap object unless it is a small
 * integer (hence the `| 0`), so a time is stored as two small integers, and the fields of an actor
 * that a check needs are in its entry.
 */
const SPAN = 2 ** 30

function high(time: number): number {
  return Math.floor(time / SPAN) | 0
}

function low(time: number): number {
  return (time - Math.floor(time / SPAN) * SPAN) | 0
}

/** A cached actor. Session entries refer to it, so that a change of the actor is one message. */
export class ActorEntry implements CacheEntry {
  used = false
  readonly actor: Actor
  readonly id: string
  readonly roles: readonly string[]
  readonly #slot: number
  readonly #raisedAt: number
  /** The time of the read, for directories that only declare a maximum age. */
  readonly readAt: number
  readonly weight: number

  constructor(actor: Actor, readAt: number, seen: Seen | null = null) {
    const frozen = Object.freeze({
      ...actor,
      roles: Object.freeze([...actor.roles]),
      identities: Object.freeze([...actor.identities]),
    })
    this.actor = frozen
    this.id = frozen.id
    this.roles = frozen.roles
    this.#slot = seen === null ? -1 : seen.slot
    this.#raisedAt = seen === null ? 0 : seen.raisedAt
    this.readAt = readAt
    this.weight = 360 + 2 * (actor.name.length + actor.identities.join().length)
  }

  /** Returns whether the actor has not changed since it was read. */
  isCurrent(changes: ActorChanges): boolean {
    return this.#slot === -1 || changes.raisedAt(this.#slot) === this.#raisedAt
  }
}

/** The entry of an anonymous actor: it is in no directory, so a reading of it has no age, but its epoch can rise. */
export function anonymousEntry({ owner, createdAt }: SessionRecord, seen: Seen): ActorEntry {
  return new ActorEntry(anonymousActor(owner, createdAt), Number.POSITIVE_INFINITY, seen)
}

const shared = new Map<string, string>()

// Every record that is read contains its own copy of strings such as "web" and "http"; sharing them
// saves memory.
function share(text: string): string {
  const existing = shared.get(text)
  if (existing !== undefined) return existing
  if (shared.size < 1000) shared.set(text, text)
  return text
}

/**
 * Returns the address that the setting for `device` sessions binds to; empty if the session has
 * none, null for other profiles.
 */
export function pinOf({ profile, client }: SessionRecord): string | null {
  return profile === 'device' ? (client.address ?? '') : null
}

/** A cached session: only the fields that a check needs. */
export class SessionEntry implements CacheEntry {
  used = false
  // The token's hash as integers: a string would be in another cache line.
  readonly #hash0: number
  readonly #hash1: number
  readonly #hash2: number
  readonly #hash3: number
  readonly #hash4: number
  readonly #hash5: number
  readonly #hash6: number
  readonly #hash7: number
  actor: ActorEntry
  impersonator: ActorEntry | null
  #usedHigh: number
  #usedLow: number
  #touchedHigh: number
  #touchedLow: number
  readonly #hardEndHigh: number
  readonly #hardEndLow: number
  readonly idleMs: number | null
  readonly binding: Binding | null
  readonly pin: string | null
  readonly parent: string | null
  readonly id: string
  readonly #profile: string
  readonly #door: string
  readonly roles: readonly string[] | null
  readonly anonymous: boolean
  readonly #createdHigh: number
  readonly #createdLow: number
  readonly #authenticatedHigh: number
  readonly #authenticatedLow: number
  readonly #endsHigh: number
  readonly #endsLow: number
  readonly #generation: number
  readonly #group: string | null
  readonly #previousTokenHash: string | null
  readonly #previousTokenUntil: number
  /**
   * The digest of a signed token whose signature was verified; the next check of that token skips
   * the verification.
   */
  proof: string | null = null

  constructor(record: SessionRecord, actor: ActorEntry, impersonator: ActorEntry | null) {
    const hardEnd = Math.min(record.endsAt, record.tokenExpiresAt ?? record.endsAt)
    const words = wordsOfHash(record.tokenHash)
    this.#hash0 = words[0] ?? 0
    this.#hash1 = words[1] ?? 0
    this.#hash2 = words[2] ?? 0
    this.#hash3 = words[3] ?? 0
    this.#hash4 = words[4] ?? 0
    this.#hash5 = words[5] ?? 0
    this.#hash6 = words[6] ?? 0
    this.#hash7 = words[7] ?? 0
    this.actor = actor
    this.impersonator = impersonator
    this.#usedHigh = high(record.lastUsedAt)
    this.#usedLow = low(record.lastUsedAt)
    this.#touchedHigh = this.#usedHigh
    this.#touchedLow = this.#usedLow
    this.#hardEndHigh = high(hardEnd)
    this.#hardEndLow = low(hardEnd)
    this.idleMs = record.idleMs
    this.binding = record.binding
    this.pin = pinOf(record)
    this.parent = record.parent
    this.id = record.id
    this.#profile = share(record.profile)
    this.#door = share(record.door)
    this.roles = record.roles
    this.anonymous = record.anonymous
    this.#createdHigh = high(record.createdAt)
    this.#createdLow = low(record.createdAt)
    this.#authenticatedHigh = high(record.authenticatedAt)
    this.#authenticatedLow = low(record.authenticatedAt)
    this.#endsHigh = high(record.endsAt)
    this.#endsLow = low(record.endsAt)
    this.#generation = record.generation
    this.#group = record.group
    this.#previousTokenHash = record.previousTokenUntil > 0 ? record.previousTokenHash : null
    this.#previousTokenUntil = record.previousTokenUntil
  }

  get weight(): number {
    return 576
  }

  get lastUsedAt(): number {
    return this.#usedHigh * SPAN + this.#usedLow
  }

  set lastUsedAt(time: number) {
    this.#usedHigh = high(time)
    this.#usedLow = low(time)
  }

  /** The last use that was passed to the store. */
  get touchedAt(): number {
    return this.#touchedHigh * SPAN + this.#touchedLow
  }

  set touchedAt(time: number) {
    this.#touchedHigh = high(time)
    this.#touchedLow = low(time)
  }

  /**
   * Returns whether this is the digest of the session's secret, or of the previous secret while it
   * is valid. Compares every word in constant time.
   */
  accepts(digest: string, now: number): boolean {
    const difference =
      (this.#hash0 ^ wordOfDigest(digest, 0)) |
      (this.#hash1 ^ wordOfDigest(digest, 1)) |
      (this.#hash2 ^ wordOfDigest(digest, 2)) |
      (this.#hash3 ^ wordOfDigest(digest, 3)) |
      (this.#hash4 ^ wordOfDigest(digest, 4)) |
      (this.#hash5 ^ wordOfDigest(digest, 5)) |
      (this.#hash6 ^ wordOfDigest(digest, 6)) |
      (this.#hash7 ^ wordOfDigest(digest, 7))
    if (difference === 0) return true
    const previous = this.#previousTokenHash
    if (previous === null || now >= this.#previousTokenUntil) return false
    return sameDigest(hashOfDigest(digest), previous)
  }

  /**
   * Returns when the session ends unless it is used before: the earliest of idle, token and
   * absolute end. Idle time is counted from the last use that was written to the store, because the
   * store expires the session by that value.
   */
  expiresAt(): number {
    const hardEnd = this.#hardEndHigh * SPAN + this.#hardEndLow
    if (this.idleMs === null) return hardEnd
    const idleEnd = this.touchedAt + (this.isUnused() ? UNPRESENTED_MS : this.idleMs)
    return idleEnd < hardEnd ? idleEnd : hardEnd
  }

  /**
   * Returns whether it is an anonymous session of which no use was passed to the store yet, and whose
   * idle time is shorter until then.
   */
  isUnused(): boolean {
    return (
      this.anonymous &&
      this.touchedAt <= this.#createdHigh * SPAN + this.#createdLow &&
      (this.idleMs ?? 0) > UNPRESENTED_MS
    )
  }

  /** Returns the public view of the session. */
  view(): SessionView {
    const owner = this.impersonator ?? this.actor
    return {
      id: this.id,
      owner: owner.id,
      actsAs: this.impersonator === null ? null : this.actor.id,
      parent: this.parent,
      profile: this.#profile,
      door: this.#door,
      roles: rolesOf(this, this.actor.roles),
      anonymous: this.anonymous,
      createdAt: this.#createdHigh * SPAN + this.#createdLow,
      authenticatedAt: this.#authenticatedHigh * SPAN + this.#authenticatedLow,
      expiresAt: this.expiresAt(),
      endsAt: this.#endsHigh * SPAN + this.#endsLow,
      generation: this.#generation,
      group: this.#group,
    }
  }
}

/**
 * Returns the roles that a session has now, of the roles it was created with and those of its actor. The former are an upper limit: a role
 * removed from the actor is missing at the next check. An anonymous session keeps the roles it was created with.
 */
export function rolesOf(
  { roles, anonymous }: Pick<SessionRecord, 'roles' | 'anonymous'>,
  actorRoles: readonly string[],
): readonly string[] {
  if (roles === null) return actorRoles
  return anonymous ? roles : roles.filter((role) => actorRoles.includes(role))
}
