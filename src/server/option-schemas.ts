import { z } from 'zod'
import { canonicalAddress, withinPrefix } from '../core/address.ts'
import { LatchkeyError } from '../core/errors.ts'
import { checkSetting } from '../core/settings.ts'
import { parseListenAddress } from './listen-address.ts'

/** How the text of a flag or a variable is parsed. */
export type Kind = 'text' | 'integer' | 'switch' | 'list' | 'json'

/** A key of the configuration that is also a flag and a variable. */
export interface Option<T> {
  /** The default. */
  readonly value: T | undefined
  readonly kind: Kind
  /** The placeholder of the value in `--help`. */
  readonly takes: string
  readonly about: string
  readonly schema: z.ZodType
}

/** A text that passes a test. */
export function textWhere(message: string, test: (text: string) => boolean) {
  return z.string(message).refine(test, message)
}

/** A whole number within limits. */
export function whole(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`
  return z.int(message).min(min, message).max(max, message)
}

/** One of some texts. */
export function choice(values: readonly [string, ...string[]]) {
  return z.enum(values, `must be one of ${values.join(', ')}`)
}

/** Where a door listens. */
export function listens(value: string, about: string) {
  return {
    value,
    kind: 'text',
    takes: 'HOST:PORT',
    about: `${about}; off closes it, port 0 picks a free port`,
    schema: textWhere(
      `must be HOST:PORT, such as ${value} or [::1]:${value.split(':')[1]}, or off`,
      (text) => text === 'off' || parseListenAddress(text) !== null,
    ),
  } as const
}

/** The path of a file. */
export function file(about: string) {
  return {
    value: undefined,
    kind: 'text',
    takes: 'FILE',
    about,
    schema: textWhere('must name a file', (text) => text.trim() !== '' && !text.includes('\0')),
  } as const
}

/** The URL of a PostgreSQL database. */
export const databaseUrl = textWhere(
  'must be a URL such as postgres://user@host:5432/name',
  (text) => URL.canParse(text) && /^postgres(?:ql)?:$/.test(new URL(text).protocol),
)

// An address is within every prefix of itself, so this is false only for a text that is no address and no prefix.
export const isProxy = (text: string) => {
  const base = text.split('/')[0] ?? ''
  return canonicalAddress(base) !== null && withinPrefix(base, text)
}

export const isOrigin = (text: string) => {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  return /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href
}

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

export const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const
export const MiB = 1024 * 1024
export const HOUR = 3_600_000
