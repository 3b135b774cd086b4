const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** What happens to a login when its owner already has as many live sessions as the profile allows. */
export type LimitPolicy = 'evict-oldest' | 'evict-least-recently-used' | 'refuse'

/** A named lifetime policy. Durations are milliseconds; null means "no such limit". */
export interface Profile {
  readonly idleMs: number | null
  /** The life of one token, where tokens have a life of their own; each renewal gives that much more. */
  readonly tokenMs: number | null
  /** The absolute end, counted from login. */
  readonly absoluteMs: number
  /** Whether a login gets a renewal code. */
  readonly renewable: boolean
  /** Live sessions of one owner at once. */
  readonly maxLive: number
  readonly onLimit: LimitPolicy
  /** What becomes of the old token at renewal: it lives through the grace, dies at once, or lives out its life. */
  readonly oldToken: 'grace' | 'dies' | 'expires'
}

/** The built-in profiles: every value is a default that a setting replaces. */
export const PROFILES = {
  web: {
    idleMs: HOUR,
    tokenMs: null,
    absoluteMs: 24 * HOUR,
    renewable: true,
    maxLive: 100,
    onLimit: 'evict-least-recently-used',
    oldToken: 'grace',
  },
  game: {
    idleMs: 10 * MINUTE,
    tokenMs: null,
    absoluteMs: 30 * DAY,
    renewable: false,
    maxLive: 1,
    onLimit: 'evict-oldest',
    oldToken: 'dies',
  },
  device: {
    idleMs: null,
    tokenMs: 31 * DAY,
    absoluteMs: 365 * DAY,
    renewable: true,
    maxLive: 100,
    onLimit: 'evict-least-recently-used',
    oldToken: 'dies',
  },
  agent: {
    idleMs: 10 * MINUTE,
    tokenMs: 10 * MINUTE,
    absoluteMs: 12 * HOUR,
    renewable: false,
    maxLive: 100,
    onLimit: 'evict-least-recently-used',
    oldToken: 'expires',
  },
  anonymous: {
    idleMs: HOUR,
    tokenMs: null,
    absoluteMs: 24 * HOUR,
    renewable: true,
    maxLive: 100,
    onLimit: 'evict-least-recently-used',
    oldToken: 'grace',
  },
  impersonation: {
    idleMs: 15 * MINUTE,
    tokenMs: null,
    absoluteMs: HOUR,
    renewable: false,
    maxLive: 1,
    onLimit: 'evict-oldest',
    oldToken: 'dies',
  },
} as const satisfies Record<string, Profile>

/** The name of a built-in profile. */
export type ProfileName = keyof typeof PROFILES
