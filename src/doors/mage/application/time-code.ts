import { LatchkeyError, type Settings } from '../../../core/index.ts'

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** The milliseconds of a time code: a whole number and `d`, `h`, `m` or `s`. Throws `invalid_request` for anything else. */
export function parseTimeCode(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,9})([dhms])$/.exec(text.trim()) ?? []
  const ms = Number(digits) * (UNITS[unit] ?? 0)
  if (digits !== '' && ms > 0) return ms
  throw new LatchkeyError('invalid_request', `“${text}” is no time code such as 10m.`)
}

/**
 * The settings that a MAGE configuration stands for: `module.session.ttl` is the idle time of the profile `game`. To be given to
 * `createAuthority({ settings })`. Throws `invalid_request` for a time code that is none.
 */
export function mageSettings(config: unknown): Partial<Settings> {
  const ttl = (config as { module?: { session?: { ttl?: unknown } } } | undefined)?.module?.session
    ?.ttl
  if (ttl === undefined || ttl === null) return {}
  return { 'profile.game.idleMs': parseTimeCode(String(ttl)) }
}
