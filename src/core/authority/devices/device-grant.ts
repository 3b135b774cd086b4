import { randomInt } from 'node:crypto'
import type { Epochs } from '../../ports/index.ts'
import type { ProfileName } from '../../session/profile.ts'
import type { Client } from '../../session/record.ts'
import { hashSecret } from '../../token/secret.ts'
import type { AuthorityContext } from '../context.ts'

/** What a device that asks to be logged in says of itself, and when and from where it asked. */
export interface DeviceAsking extends Client {
  /** The profile of the session that it would get. */
  readonly profile: ProfileName
  readonly startedAt: number
  readonly expiresAt: number
}

/** What whoever approved leaves for the device: all that its session depends on, as it was then. */
export interface Approval {
  readonly actor: string
  readonly epochs: Epochs
  /** The ceiling of the session that approved. */
  readonly roles: readonly string[] | null
  readonly authenticatedAt: number
}

/** A login that a device has asked for, as it is stored: under the hash of the device's code. */
export interface DeviceGrant extends DeviceAsking {
  readonly decided: 'denied' | Approval | null
}

export interface StoredGrant {
  readonly key: string
  readonly version: number
  readonly grant: DeviceGrant
}

/** 20 letters that nobody takes for another and that make no words: 8 of them are 34.6 bits. */
const ALPHABET = 'BCDFGHJKLMNPQRSTVWXZ'
const CODE = new RegExp(`^[${ALPHABET}]{8}$`)

/** A code for a person to type: `XXXX-XXXX`. */
export function createUserCode(): string {
  const letters = Array.from({ length: 8 }, () => ALPHABET[randomInt(ALPHABET.length)])
  return `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`
}

/** Where the grant of a device's code is stored. */
export function grantKey(deviceCode: string): string {
  return `device/${hashSecret(deviceCode)}`
}

/** Where a typed code leads to its grant's key, or null for what is no such code. So short a code needs a keyed hash. */
export function userCodeKey(context: AuthorityContext, typed: string): string | null {
  const code = typed.slice(0, 100).replaceAll(/[\s-]/g, '').toUpperCase()
  return CODE.test(code) ? `device-code/${context.hashIdentity(`device ${code}`)}` : null
}

export async function findGrant(
  context: AuthorityContext,
  key: string,
  now: number,
): Promise<StoredGrant | null> {
  const found = await context.ask(() => context.store.documents.find(key, now))
  if (found === null) return null
  return { key, version: found.version, grant: JSON.parse(found.value) as DeviceGrant }
}
