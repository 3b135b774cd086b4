import { type Argon2Cost, argon2Work, type DeriveArgon2, isArgon2Cost } from './argon2.ts'
import { decodeBase64, parseObject } from './encoding.ts'
import { pbkdf2Hash } from './pbkdf2.ts'
import { LIMITS, type StoredHash } from './stored-hash.ts'

const DIGESTS = new Map([
  ['pbkdf2', 'sha1'],
  ['pbkdf2-sha256', 'sha256'],
  ['pbkdf2-sha512', 'sha512'],
])

/**
 * Parses a password credential of a Keycloak export, as JSON text: `secretData` with `value` and
 * `salt`, `credentialData` with `algorithm`, `hashIterations` and `additionalParameters`, each an
 * object or JSON text itself. Supports PBKDF2 and argon2 (version 1.3); returns null for any other
 * text.
 */
export function parseKeycloak(stored: string, derive: DeriveArgon2): StoredHash | null {
  const record = parseObject(stored)
  const secret = parseObject(record?.['secretData'])
  const credential = parseObject(record?.['credentialData'])
  if (secret === null || credential === null) return null
  const { algorithm, hashIterations } = credential
  const salt = decodeBase64(String(secret['salt']), 8, LIMITS.saltBytes)
  const expected = decodeBase64(String(secret['value']), LIMITS.minTagBytes, LIMITS.maxTagBytes)
  if (salt === null || expected === null || typeof hashIterations !== 'number') return null
  const digest = DIGESTS.get(String(algorithm))
  if (digest !== undefined) {
    return pbkdf2Hash({ digest, iterations: hashIterations, salt, expected })
  }
  const argon2 = argon2Of(credential['additionalParameters'], hashIterations)
  if (algorithm !== 'argon2' || argon2 === null) return null
  return {
    expected,
    work: argon2Work(argon2.algorithm, argon2),
    derive: (password) => derive({ password, salt, tagBytes: expected.length, ...argon2 }),
  }
}

const ARGON2_TYPES = new Map([
  ['id', 'argon2id'],
  ['i', 'argon2i'],
  ['d', 'argon2d'],
] as const)

function argon2Of(parameters: unknown, passes: number) {
  const given = parseObject(parameters)
  // Each parameter is a list of one text.
  const one = (name: string) => String(given?.[name])
  const cost: Argon2Cost = {
    memoryKiB: Number(one('memory')),
    parallelism: Number(one('parallelism')),
    passes,
  }
  const algorithm = [...ARGON2_TYPES].find(([type]) => type === one('type'))?.[1]
  if (algorithm === undefined || one('version') !== '1.3' || !isArgon2Cost(cost)) return null
  return { algorithm, ...cost }
}
