import { LatchkeyError, type Settings } from '../../../core/index.ts'

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Returns the milliseconds of a time code: a whole number and `d`, `h`, `m` or `s`. Throws `invalid_request` for any other text. */
export function parseTimeCode(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,9})([dhms])$/.exec(text.trim()) ?? []
  const ms = Number(digits) * (UNITS[unit] ?? 0)
  if (digits !== '' && ms > 0) return ms
  throw new LatchkeyError(
    'invalid_request',
    `“${text}” is not a time code. Write a whole number and d, h, m or s, such as 10m.`,
  )
}

/**
 * Returns the settings in a MAGE configuration, for `createAuthority({ settings })`: `module.session.ttl` is the idle time of the profile
 * `game`. Throws `invalid_request` for a value that is not a time code.
 */
export function mageSettings(config: unknown): Partial<Settings> {
  const ttl = (config as { module?: { session?: { ttl?: unknown } } } | undefined)?.module?.session
    ?.ttl
  if (ttl === undefined || ttl === null) return {}
  return { 'profile.game.idleMs': parseTimeCode(String(ttl)) }
}
