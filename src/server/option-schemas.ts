import { z } from 'zod'
import { canonicalAddress, withinPrefix } from '../core/address.ts'
import { LatchkeyError } from '../core/errors.ts'
import { checkSetting } from '../core/settings.ts'

/** A text that passes a test. */
export function textWhere(message: string, test: (text: string) => boolean) {
  return z.string(message).refine(test, message)
}

/** A whole number within bounds. */
export function whole(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`
  return z.int(message).min(min, message).max(max, message)
}

/** One of a few texts. */
export function choice(values: readonly [string, ...string[]]) {
  return z.enum(values, `must be one of ${values.join(', ')}`)
}

// An address is within every prefix of itself, so this is false only for a text that is neither.
/** Whether a text is an address or a CIDR prefix. */
export const isProxy = (text: string) => {
  const base = text.split('/')[0] ?? ''
  return canonicalAddress(base) !== null && withinPrefix(base, text)
}

/** Whether a text is an origin of the web. */
export const isOrigin = (text: string) => {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  return /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href
}

/** Values of settings. */
export const settings = z
  .record(z.string(), z.unknown(), 'must be an object of settings')
  .superRefine((values, context) => {
    for (const [name, value] of Object.entries(values)) {
      try {
        checkSetting(name, value)
      } catch (error) {
        if (!(error instanceof LatchkeyError)) throw error
        context.addIssue({ code: 'custom', message: error.message.replace(/\.$/, '') })
      }
    }
  })
