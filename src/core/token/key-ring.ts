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
import type { PublicKey, SigningKeys } from './codec.ts'
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
  /** The private half, while the key is current. */
  readonly d?: string
  readonly createdAt: number
  /** Until when the key is kept, once it is no longer current. */
  readonly until: number | null
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

interface Ring {
  readonly version: number
  readonly keys: readonly StoredKey[]
  readonly inUse: { readonly header: string; readonly key: KeyObject } | null
  readonly byHeader: ReadonlyMap<string, KeyObject>
}

const EMPTY: Ring = { version: 0, keys: [], inUse: null, byHeader: new Map() }

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
    list: () => ring.keys.map(publicKeyOf),
    reload,
    async rotate({ now, keepMs }) {
      await change(now, (keys) => {
        // A rotation by an administrator is always possible: the oldest key is removed for it.
        return rotated(keys.slice(0, MAX_KEYS - 1), now, keepMs)
      })
      return ring.keys[0]?.kid ?? ''
    },
    async maintain({ now, keepMs, rotateAfterMs }) {
      let made: string | null = null
      await change(now, (keys) => {
        const kept = keys.filter(({ until }) => until === null || until > now)
        const due = (kept[0]?.createdAt ?? 0) + rotateAfterMs <= now && kept.length < MAX_KEYS
        const next = due ? rotated(kept, now, keepMs) : kept
        made = due ? (next[0]?.kid ?? null) : null
        return due || kept.length < keys.length ? next : null
      })
      return made
    },
    sign(payload) {
      const { inUse } = ring
      if (inUse === null) throw new LatchkeyError('internal', 'There is no key to sign with.')
      const text = `${inUse.header}.${payload}`
      return `${text}.${sign(null, Buffer.from(text), inUse.key).toString('base64url')}`
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

function newKey(now: number): StoredKey {
  const { x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const kid = hashSecret(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`)
  return { kid, x, d, createdAt: now, until: null }
}

// The current key is first. Earlier keys verify, and do not sign.
function rotated(keys: readonly StoredKey[], now: number, keepMs: number): StoredKey[] {
  const before = keys.map(({ d: _, ...key }) => ({
    ...key,
    until: key.until ?? now + keepMs + SLACK_MS,
  }))
  return [newKey(now), ...before]
}

function ringOf(keys: readonly StoredKey[], version: number): Ring {
  const byHeader = new Map(
    keys.map(({ kid, x }) => [headerOf(kid), createPublicKey({ key: jwk({ x }), format: 'jwk' })]),
  )
  const [first] = keys
  if (first?.d === undefined) return { version, keys, inUse: null, byHeader }
  const key = createPrivateKey({ key: jwk({ x: first.x, d: first.d }), format: 'jwk' })
  return { version, keys, inUse: { header: headerOf(first.kid), key }, byHeader }
}

function jwk(parts: { x: string; d?: string }) {
  return { kty: 'OKP', crv: 'Ed25519', ...parts }
}

function publicKeyOf({ kid, x }: StoredKey): PublicKey {
  return { ...jwk({ x }), kid, use: 'sig', alg: 'EdDSA' }
}
