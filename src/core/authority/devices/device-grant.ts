import { randomInt } from 'node:crypto'
import type { Epochs } from '../../ports/index.ts'
import type { ProfileName } from '../../session/profile.ts'
import type { Client } from '../../session/record.ts'
import { hashSecret } from '../../token/secret.ts'
import type { AuthorityContext } from '../context.ts'

/**
 * What a device reports about itself when it requests a login, with the time and address of the
 * request.
 */
export interface DeviceAsking extends Client {
  /** The profile of the session that it would get. */
  readonly profile: ProfileName
  /** The roles that it asks for, an upper limit; null for all roles of the approving session. */
  readonly roles: readonly string[] | null
  /** When the device requested the login, in epoch milliseconds. */
  readonly startedAt: number
  /** When the codes expire, in epoch milliseconds. */
  readonly expiresAt: number
}

/** What an approval stores for the device: the values at that time that its session depends on. */
export interface Approval {
  /** The approving session: the approval is withdrawn with it. */
  readonly session: string
  readonly actor: string
  readonly epochs: Epochs
  /** The roles of the approving session, an upper limit. */
  readonly roles: readonly string[] | null
  readonly authenticatedAt: number
}

/** A device login as it is stored, under the hash of the device's code. */
export interface DeviceGrant extends DeviceAsking {
  readonly decided: 'denied' | Approval | null
  /** The OAuth client that started the login; null without one. */
  readonly clientId: string | null
}

export interface StoredGrant {
  readonly key: string
  readonly version: number
  readonly grant: DeviceGrant
}

/** 20 letters that are not confused with each other and form no words: 8 of them are 34.6 bits. */
const ALPHABET = 'BCDFGHJKLMNPQRSTVWXZ'
const CODE = new RegExp(`^[${ALPHABET}]{8}$`)

/** Returns a new code for a user to type: `XXXX-XXXX`. */
export function createUserCode(): string {
  const letters = Array.from({ length: 8 }, () => ALPHABET[randomInt(ALPHABET.length)])
  return `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`
}

/** How long an expired login is kept, so that a poll gets the answer that it has expired. */
const KEPT_EXPIRED_MS = 10 * 60_000

/** Returns until when a grant is stored. */
export function keptUntil({ expiresAt }: Pick<DeviceGrant, 'expiresAt'>): number {
  return expiresAt + KEPT_EXPIRED_MS
}

/** Returns the key under which the grant of a device code is stored. */
export function grantKey(deviceCode: string): string {
  return `device/${hashSecret(deviceCode)}`
}

/**
 * Returns the key that leads from a typed code to its grant, or null if the text is not a code. The
 * hash is keyed because the code is short.
 */
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
