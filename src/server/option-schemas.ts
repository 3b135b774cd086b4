import { z } from 'zod'
import { canonicalAddress, withinPrefix } from '../core/address.ts'

/** A text that passes a test. */
export function textWhere(message: string, test: (text: string) => boolean) {
  return z.string(message).refine(test, message)
}

/** A whole number within bounds. */
export function whole(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`
  return z.int(message).min(min, message).max(max, message)
}

/** One of some texts. */
export function choice(values: readonly [string, ...string[]]) {
  return z.enum(values, `must be one of ${values.join(', ')}`)
}

/** The URL of a PostgreSQL database. */
export const databaseUrl = textWhere(
  'must be a URL such as postgres://user@host:5432/name',
  (text) => URL.canParse(text) && /^postgres(?:ql)?:$/.test(new URL(text).protocol),
)

// An address is within every prefix of itself, so this is false only for a text that is no address and no prefix.
/** Whether a text is an address or a prefix. */
export const isProxy = (text: string) => {
  const base = text.split('/')[0] ?? ''
  return canonicalAddress(base) !== null && withinPrefix(base, text)
}

/** Whether a text is the origin of a page. */
export const isOrigin = (text: string) => {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  return /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href
}
