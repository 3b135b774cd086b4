import { LatchkeyError } from '../../core/errors.ts'

const SECOND = 1000
const DAY = 86_400 * SECOND

/** The units of AdonisJS's own durations. A year is 365.25 days. */
const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(ms|msecs?|milliseconds?)$/, 1],
  [/^(s|secs?|seconds?)$/, SECOND],
  [/^(m|mins?|minutes?)$/, 60 * SECOND],
  [/^(h|hrs?|hours?)$/, 3600 * SECOND],
  [/^(d|days?)$/, DAY],
  [/^(w|weeks?)$/, 7 * DAY],
  [/^(y|yrs?|years?)$/, 365.25 * DAY],
]

const LONGEST = 100 * 365.25 * DAY

/**
 * The milliseconds of a duration: a number is seconds, a string is a number with a unit (`'1h'`, `'30 days'`, `'1.5h'`).
 * Throws `invalid_request` for anything that is not more than nothing and at most 100 years, a string without a unit included.
 */
export function parseDuration(name: string, duration: string | number): number {
  const ms = typeof duration === 'string' ? millisecondsOf(duration) : Number(duration) * SECOND
  if (typeof duration === 'boolean' || !(ms >= 1 && ms <= LONGEST)) {
    throw new LatchkeyError(
      'invalid_request',
      `${name}: ${JSON.stringify(duration) ?? typeof duration} is not a duration. Give seconds as a number, or a text such as '1h' or '30 days'.`,
    )
  }
  return ms
}

function millisecondsOf(text: string): number {
  const [, amount, unit] = /^(\d{1,15}(?:\.\d{1,9})?) ?([a-z]{1,12})$/i.exec(text) ?? []
  const factor = UNITS.find(([names]) => names.test(unit?.toLowerCase() ?? ''))?.[1]
  return amount === undefined || factor === undefined ? Number.NaN : Number(amount) * factor
}
