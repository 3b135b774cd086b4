import { createHmac } from 'node:crypto'
import { LatchkeyError } from '../errors.ts'
import { ID_LENGTH } from './session-id.ts'

const MIN_KEY_LENGTH = 22
const MAX_KEY_LENGTH = 1024
const SECRET_LENGTH = 43
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/**
 * Returns the id and the secret of a session that is found by a key: letters and digits of an HMAC
 * under the installation's key, so that the public handle reveals nothing about the key. Throws
 * `invalid_request` for a key of fewer than 22 or more than 1,024 characters.
 */
export function deriveKeyed(
  installationKey: string,
  key: string,
): { readonly id: string; readonly secret: string } {
  if (typeof key !== 'string' || key.length < MIN_KEY_LENGTH || key.length > MAX_KEY_LENGTH) {
    throw new LatchkeyError(
      'invalid_request',
      `The key of a session must have ${MIN_KEY_LENGTH} to ${MAX_KEY_LENGTH} characters.`,
    )
  }
  const id = expand(installationKey, `id/${key}`, ID_LENGTH)
  return { id, secret: expand(installationKey, `secret/${key}`, SECRET_LENGTH) }
}

// 62 does not divide 256, but the loss of 0.05 bits a character does not make an HMAC guessable.
function expand(installationKey: string, text: string, length: number): string {
  const mac = createHmac('sha512', installationKey).update(text).digest()
  let out = ''
  for (let at = 0; at < length; at++) out += DIGITS[(mac[at] ?? 0) % DIGITS.length]
  return out
}
