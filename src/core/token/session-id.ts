import { randomText } from './secret.ts'

const SLOT_LENGTH = 3
export const ID_LENGTH = 25

const PLAIN = /^[0-9A-Za-z]+$/

/** Returns whether a string has the shape of a session id, the public handle. */
export function isSessionId(text: string): boolean {
  return text.length === ID_LENGTH && PLAIN.test(text)
}

/**
 * Returns the slot tag of an owner: CRC-16/XMODEM modulo 16,384 in base 62, as a Redis cluster
 * hashes keys.
 */
export function slotTag(owner: string): string {
  let crc = 0
  for (const byte of Buffer.from(owner)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1
  }
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  let slot = crc & 16383
  let tag = ''
  for (let i = 0; i < SLOT_LENGTH; i++) {
    tag = digits[slot % 62] + tag
    slot = Math.floor(slot / 62)
  }
  return tag
}

/** Returns a new session id for an owner. */
export function createSessionId(owner: string): string {
  return slotTag(owner) + randomText(ID_LENGTH - SLOT_LENGTH)
}
