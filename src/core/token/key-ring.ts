import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { LatchkeyError } from '../errors.ts'
import type { Clock, Documents } from '../ports/index.ts'
import type { KeyRotation, NextKey, PublicKey, SigningKeys } from './codec.ts'
import { hashSecret } from './secret.ts'

const KEY = 'signing-keys'
const MAX_KEYS = 100
/**
 * How much longer than a token's life an old key is kept, for a node that receives the rotation
 * late.
 */
const SLACK_MS = 3_600_000
const LOOK_EVERY_MS = 1000

interface StoredKey {
  /** The thumbprint of the public key (RFC 7638). */
  readonly kid: string
  readonly x: string
  /** The private half, until the key signs no more. */
  readonly d?: string
  /** From when the key signs. Keys made before this field existed sign from their creation. */
  readonly signsFrom?: number
  readonly createdAt: number
  /** Until when the key is kept, once another one signs or will sign. */
  readonly until: number | null
  /** Whether it is no longer published. */
  readonly withdrawn?: true
}

/**
 * The keys as the codec uses them. A key is identified by the header of its tokens, which has only
 * one possible form.
 */
export interface KeyRing extends SigningKeys {
  /** Signs `<header>.<payload>` with the current key, and returns the whole token. */
  sign(payload: string): string
  /**
   * Returns whether a signature is by the key of that header. For an unknown header it first reads
   * the keys again, because another node may have made one.
   */
  verify(header: string, payload: string, signature: string): boolean | Promise<boolean>
}

interface Signer {
  readonly kid: string
  readonly from: number
  readonly header: string
  readonly key: KeyObject
}

interface Ring {
  readonly version: number
  /** Newest first. */
  readonly keys: readonly StoredKey[]
  /** The keys with a private half, newest first: the next one, and the one that signs until then. */
  readonly signers: readonly Signer[]
  readonly byHeader: ReadonlyMap<string, KeyObject>
}

const EMPTY: Ring = { version: 0, keys: [], signers: [], byHeader: new Map() }

/**
 * Opens the signing keys (Ed25519) of a store, and creates the first one: nodes that start
 * simultaneously use the same key.
 */
export async function openKeyRing({
  documents,
  clock,
}: {
  documents: Documents
  clock: Clock
}): Promise<KeyRing> {
  let ring = EMPTY
  let looking: Promise<void> | null = null
  let lookedAt = Number.NEGATIVE_INFINITY

  const adopt = (keys: readonly StoredKey[], version: number) => {
    // A read that a later one has overtaken must not restore older keys.
    if (version > ring.version) ring = ringOf(keys, version)
  }

  // Replaces the stored keys by the result of `next`, unless that is null; after a lost race `next`
  // is called again.
  const change = async (now: number, next: (keys: readonly StoredKey[]) => StoredKey[] | null) => {
    for (;;) {
      const found = await documents.find(KEY, now)
      const stored = found === null ? [] : (JSON.parse(found.value) as StoredKey[])
      const keys = next(stored)
      if (keys === null) return adopt(stored, found?.version ?? 0)
      const expectedVersion = found?.version ?? 0
      const saved = await documents.save(KEY, JSON.stringify(keys), { now, expectedVersion })
      if (saved !== null) return adopt(keys, saved)
    }
  }

  const reload = () => change(clock.now(), () => null)

  const look = async (): Promise<void> => {
    const now = clock.now()
    if (looking === null && now < lookedAt + LOOK_EVERY_MS) return
    lookedAt = now
    looking ??= reload().finally(() => {
      looking = null
    })
    await looking
  }

  const check = (header: string, payload: string, signature: string) => {
    const key = ring.byHeader.get(header)
    if (key === undefined) return null
    const signed = Buffer.from(`${header}.${payload}`)
    return verify(null, signed, key, Buffer.from(signature, 'base64url'))
  }

  await change(clock.now(), (keys) => (keys.length > 0 ? null : [newKey(clock.now())]))
  return {
    list() {
      const kid = signerAt(ring, clock.now())?.kid
      const published = ring.keys.filter(({ withdrawn }) => withdrawn !== true)
      const [current, others] = [
        published.filter((key) => key.kid === kid),
        published.filter((key) => key.kid !== kid),
      ]
      return [...current, ...others].map(publicKeyOf)
    },
    reload,
    async rotate(rotation) {
      await change(rotation.now, (keys) =>
        isPending(keys, rotation.now) ? null : rotated(keys, rotation),
      )
      return newestOf(ring)
    },
    async replace({ now, keepMs }) {
      await change(now, (keys) => replaced(keys, { now, keepMs }))
      return newestOf(ring)
    },
    async maintain({ rotateAfterMs, ...rotation }) {
      const { now, leadMs } = rotation
      let made = false
      await change(now, (keys) => {
        const kept = withoutSpent(keys, now)
        const [newest] = kept
        made = newest === undefined || startOf(newest) + rotateAfterMs - leadMs <= now
        if (made) return rotated(kept, rotation)
        return JSON.stringify(kept) === JSON.stringify(keys) ? null : kept
      })
      return made ? newestOf(ring) : null
    },
    sign(payload) {
      const signer = signerAt(ring, clock.now())
      if (signer === undefined) throw new LatchkeyError('internal', 'There is no key to sign with.')
      const text = `${signer.header}.${payload}`
      return `${text}.${sign(null, Buffer.from(text), signer.key).toString('base64url')}`
    },
    verify(header, payload, signature) {
      const valid = check(header, payload, signature)
      if (valid !== null) return valid
      return look().then(() => check(header, payload, signature) === true)
    },
  }
}

/** Returns the header of the tokens of a key, as encoded in them. */
function headerOf(kid: string): string {
  return Buffer.from(`{"alg":"EdDSA","typ":"JWT","kid":"${kid}"}`).toString('base64url')
}

const HEADER = /^\{"alg":"EdDSA","typ":"JWT","kid":"([\w-]{43})"\}$/

/**
 * Returns whether a text is a header of this format, with any key id: these three fields, in this
 * order, and nothing else.
 */
export function isHeader(header: string): boolean {
  const kid = HEADER.exec(Buffer.from(header, 'base64url').toString())?.[1]
  return kid !== undefined && headerOf(kid) === header
}

function newKey(createdAt: number, signsFrom: number = createdAt): StoredKey {
  const { x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const kid = hashSecret(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`)
  return { kid, x, d, signsFrom, createdAt, until: null }
}

function startOf({ signsFrom, createdAt }: StoredKey): number {
  return signsFrom ?? createdAt
}

/** Whether the next key is published and does not sign yet. */
function isPending(keys: readonly StoredKey[], now: number): boolean {
  return keys[0] !== undefined && startOf(keys[0]) > now
}

/** Returns the keys without those past their time, and without the private halves of those that sign no more. */
function withoutSpent(keys: readonly StoredKey[], now: number): StoredKey[] {
  const kept = keys.filter(({ until }) => until === null || until > now)
  const signing = kept.findIndex((key) => startOf(key) <= now)
  // A clock that was set back must not cost the private half of every key.
  if (signing === -1) return kept
  return kept.map(({ d, ...key }, at) => (d === undefined || at > signing ? key : { ...key, d }))
}

// The newest key is first.
function rotated(keys: readonly StoredKey[], { now, keepMs, leadMs }: KeyRotation): StoredKey[] {
  const signsFrom = now + leadMs
  const before = withoutSpent(keys, now).map((key) => ({
    ...key,
    until: key.until ?? signsFrom + keepMs + SLACK_MS,
  }))
  return [newKey(now, signsFrom), ...before].slice(0, MAX_KEYS)
}

function replaced(
  keys: readonly StoredKey[],
  { now, keepMs }: Omit<KeyRotation, 'leadMs'>,
): StoredKey[] {
  const before = withoutSpent(keys, now).map(({ d: _, ...key }) => ({
    ...key,
    until: key.until ?? now + keepMs + SLACK_MS,
    withdrawn: true as const,
  }))
  return [newKey(now), ...before].slice(0, MAX_KEYS)
}

function newestOf({ keys }: Ring): NextKey {
  const [newest] = keys
  if (newest === undefined) throw new LatchkeyError('internal', 'There is no signing key.')
  return { kid: newest.kid, signsFrom: startOf(newest) }
}

function signerAt({ signers }: Ring, now: number): Signer | undefined {
  // A clock that was set back must not leave a node without a key.
  return signers.find(({ from }) => from <= now) ?? signers.at(-1)
}

function ringOf(keys: readonly StoredKey[], version: number): Ring {
  const byHeader = new Map(
    keys.map(({ kid, x }) => [headerOf(kid), createPublicKey({ key: jwk({ x }), format: 'jwk' })]),
  )
  const signers = keys.flatMap(({ d, ...stored }) => {
    if (d === undefined) return []
    const { kid, x } = stored
    const key = createPrivateKey({ key: jwk({ x, d }), format: 'jwk' })
    return [{ kid, from: startOf(stored), header: headerOf(kid), key }]
  })
  return { version, keys, signers, byHeader }
}

function jwk(parts: { x: string; d?: string }) {
  return { kty: 'OKP', crv: 'Ed25519', ...parts }
}

function publicKeyOf({ kid, x }: StoredKey): PublicKey {
  return { ...jwk({ x }), kid, use: 'sig', alg: 'EdDSA' }
}
