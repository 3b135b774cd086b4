import * as crypto from 'node:crypto'
import { LatchkeyError } from '../../errors.ts'
import { decodeBase64, decodeCount, encodeBase64 } from './encoding.ts'
import { LIMITS, type StoredHash } from './stored-hash.ts'

export type Argon2Algorithm = 'argon2id' | 'argon2i' | 'argon2d'

/** The cost of an argon2 hash (RFC 9106). */
export interface Argon2Cost {
  readonly memoryKiB: number
  readonly passes: number
  readonly parallelism: number
}

export interface Argon2Input extends Argon2Cost {
  readonly algorithm: Argon2Algorithm
  readonly password: string
  readonly salt: Buffer
  readonly tagBytes: number
  readonly associatedData?: Buffer
}

/** A function that computes an argon2 tag. */
export type DeriveArgon2 = (input: Argon2Input) => Promise<Buffer>

/**
 * Computes an argon2 tag with `node:crypto`, on libuv's thread pool. On a runtime whose
 * `node:crypto` has no argon2 (Deno) it uses the optional peer `hash-wasm`, on the event loop.
 * Rejects with `unavailable` if that is not installed.
 */
export const deriveArgon2: DeriveArgon2 = (input) =>
  // A namespace import, because a named import does not link if the function is missing.
  typeof crypto.argon2 === 'function' ? deriveNatively(input) : deriveInWasm(input)

function deriveNatively(input: Argon2Input): Promise<Buffer> {
  const parameters = {
    message: input.password,
    nonce: input.salt,
    memory: input.memoryKiB,
    passes: input.passes,
    parallelism: input.parallelism,
    tagLength: input.tagBytes,
    ...(input.associatedData === undefined ? {} : { associatedData: input.associatedData }),
  }
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  crypto.argon2(input.algorithm, parameters, (error, tag) => (error ? reject(error) : resolve(tag)))
  return promise
}

/** The functions of `hash-wasm` that are called. */
type HashWasm = Record<Argon2Algorithm, (options: object) => Promise<Uint8Array>>

const HASH_WASM: string = 'hash-wasm'

/** Computes an argon2 tag with `hash-wasm`. */
export async function deriveInWasm(input: Argon2Input): Promise<Buffer> {
  const library: HashWasm = await import(HASH_WASM).catch((cause: unknown) => {
    const message = 'This runtime has no argon2 in node:crypto. Install hash-wasm.'
    throw new LatchkeyError('unavailable', message, { cause })
  })
  const tag = await library[input.algorithm]({
    password: input.password,
    salt: input.salt,
    memorySize: input.memoryKiB,
    iterations: input.passes,
    parallelism: input.parallelism,
    hashLength: input.tagBytes,
    outputType: 'binary',
  })
  return Buffer.from(tag)
}

/** Returns whether argon2 accepts a cost and it is within the limit of stored hashes. */
export function isArgon2Cost({ memoryKiB, passes, parallelism }: Argon2Cost): boolean {
  return (
    [memoryKiB, passes, parallelism].every((count) => Number.isSafeInteger(count) && count >= 1) &&
    memoryKiB >= 8 * parallelism &&
    memoryKiB <= LIMITS.memoryKiB &&
    memoryKiB * passes <= LIMITS.argon2Work &&
    parallelism <= LIMITS.parallelism
  )
}

/** Returns the {@link StoredHash.work} of an argon2 hash. */
export function argon2Work(algorithm: Argon2Algorithm, cost: Argon2Cost): string {
  return `${algorithm} ${cost.memoryKiB} ${cost.passes} ${cost.parallelism}`
}

/** Returns the start of the PHC string of an argon2id hash of this cost, up to its salt. */
export function argon2Prefix({ memoryKiB, passes, parallelism }: Argon2Cost): string {
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${parallelism}$`
}

/** Returns the PHC string of an argon2id hash, version 19. */
export function formatArgon2(cost: Argon2Cost, salt: Buffer, tag: Buffer): string {
  return `${argon2Prefix(cost)}${encodeBase64(salt)}$${encodeBase64(tag)}`
}

const SHAPE = /^\$(argon2id|argon2i|argon2d)\$v=19\$([^$]+)\$([^$]+)\$([^$]+)$/
const MAX_ASSOCIATED_BYTES = 32

/**
 * Parses an argon2 PHC string. Returns null if it is another format, is malformed or costs too
 * much. Version 16 (or a missing version) is another function, and a string with a key id requires
 * a secret key that it does not contain: neither is accepted.
 */
export function parseArgon2(stored: string, derive: DeriveArgon2): StoredHash | null {
  const [, name, parameters = '', saltText = '', tagText = ''] = SHAPE.exec(stored) ?? []
  const algorithm = (['argon2id', 'argon2i', 'argon2d'] as const).find((each) => each === name)
  const given = parseParameters(parameters)
  const salt = decodeBase64(saltText, 8, LIMITS.saltBytes)
  const expected = decodeBase64(tagText, LIMITS.minTagBytes, LIMITS.maxTagBytes)
  if (algorithm === undefined || given === null || salt === null || expected === null) return null
  return {
    expected,
    work: argon2Work(algorithm, given),
    derive: (password) =>
      derive({ algorithm, password, salt, tagBytes: expected.length, ...given }),
  }
}

function parseParameters(text: string): (Argon2Cost & { readonly associatedData?: Buffer }) | null {
  const pairs = text.split(',').map((pair) => /^([a-z]+)=(.*)$/.exec(pair)?.slice(1) ?? [''])
  const { m, t, p, data, ...others }: Record<string, string> = Object.fromEntries(pairs)
  const memoryKiB = decodeCount(m)
  const passes = decodeCount(t)
  const parallelism = decodeCount(p)
  if (memoryKiB === null || passes === null || parallelism === null) return null
  const cost = { memoryKiB, passes, parallelism }
  if (!isArgon2Cost(cost) || Object.keys(others).length > 0) return null
  if (data === undefined) return pairs.length === 3 ? cost : null
  const associatedData = decodeBase64(data, 1, MAX_ASSOCIATED_BYTES)
  return associatedData === null || pairs.length !== 4 ? null : { ...cost, associatedData }
}
