const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/**
 * What happens at a login when the owner already has as many live sessions as the profile allows.
 */
export type LimitPolicy = 'evict-oldest' | 'evict-least-recently-used' | 'refuse'

/** A named lifetime policy. Durations are milliseconds; null means no limit. */
export interface Profile {
  /** How long a session may be unused before it expires. */
  readonly idleMs: number | null
  /** The life of one token, for tokens with their own expiry; each renewal adds it again. */
  readonly tokenMs: number | null
  /** The absolute end, counted from login. */
  readonly absoluteMs: number
  /** Whether a login gets a renewal code. */
  readonly renewable: boolean
  /** The maximum number of live sessions of one owner. */
  readonly maxLive: number
  /** What a login does when `maxLive` is reached. */
  readonly onLimit: LimitPolicy
  /**
   * What happens to the old token at renewal: it is valid during the grace period, is revoked at
   * once, or is valid until its expiry.
   */
  readonly oldToken: 'grace' | 'dies' | 'expires'
  /**
   * Whether an open connection that receives events (a MAGE WebSocket, a gRPC `Watch`) counts as
   * use of its session, even if the client sends nothing.
   */
  readonly streamUses: boolean
}

/** The built-in profiles: every value is a default that a setting can replace. */
export const PROFILES = {
  web: {
    idleMs: HOUR,
    tokenMs: null,
    absoluteMs: 24 * HOUR,
    renewable: true,
    maxLive: 100,
    onLimit: 'evict-least-recently-used',
    oldToken: 'grace',
    streamUses: false,
  },
  game: {
    idleMs: 10 * MINUTE,
    tokenMs: null,
    absoluteMs: 30 * DAY,
    renewable: false,
    maxLive: 1,
    onLimit: 'evict-oldest',
    oldToken: 'dies',
    streamUses: true,
  },
  device: {
    idleMs: null,
    tokenMs: 31 * DAY,
    absoluteMs: 365 * DAY,
    renewable: true,
    maxLive: 100,
    onLimit: 'evict-least-recently-used',
    oldToken: 'dies',
    streamUses: false,
  },
  agent: {
    idleMs: 10 * MINUTE,
    tokenMs: 10 * MINUTE,
    absoluteMs: 12 * HOUR,
    renewable: false,
    maxLive: 100,
    onLimit: 'evict-least-recently-used',
    oldToken: 'expires',
    streamUses: false,
  },
  anonymous: {
    idleMs: HOUR,
    tokenMs: null,
    absoluteMs: 24 * HOUR,
    renewable: true,
    maxLive: 100,
    onLimit: 'evict-least-recently-used',
    oldToken: 'grace',
    streamUses: false,
  },
  impersonation: {
    idleMs: 15 * MINUTE,
    tokenMs: null,
    absoluteMs: HOUR,
    renewable: false,
    maxLive: 1,
    onLimit: 'evict-oldest',
    oldToken: 'dies',
    streamUses: false,
  },
} as const satisfies Record<string, Profile>

/** The name of a built-in profile. */
export type ProfileName = keyof typeof PROFILES
