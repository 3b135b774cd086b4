import { LatchkeyError } from './errors.ts'
import type { Clock, Documents } from './ports/index.ts'
import { PROFILES, type Profile, type ProfileName } from './session/profile.ts'
import { nullable, number, oneOf, type SettingCheck, texts, truth, whole } from './setting-check.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const YEAR = 365 * DAY

const count = whole(1, 1_000_000)
const duration = whole(0, 10 * YEAR)
// Shorter sessions would end before an administrator can undo the setting.
const lifetime = whole(MINUTE, 10 * YEAR)
const policy = oneOf('evict-oldest', 'evict-least-recently-used', 'refuse')

interface Definition<T> {
  readonly value: T
  readonly check: SettingCheck<T>
  readonly about: string
}

function define<T>(value: T, check: SettingCheck<T>, about: string): Definition<T> {
  return { value, check, about }
}

const GENERAL = {
  registration: define<'open' | 'invite' | 'closed'>(
    'open',
    oneOf('open', 'invite', 'closed'),
    'Who may register: every client (open), only a client with an invitation (invite), or no client (closed).',
  ),
  'invitation.lifetimeMs': define(
    7 * DAY,
    whole(MINUTE, YEAR),
    'How long an invitation to register is valid.',
  ),
  'password.resetLifetimeMs': define(
    DAY,
    whole(MINUTE, 30 * DAY),
    'How long the one-time code for a new password is valid.',
  ),
  'identity.holdMs': define(
    30 * DAY,
    whole(0, 10 * YEAR),
    'How long the identities of a deleted actor are kept from other actors.',
  ),
  'renewal.graceMs': define(
    30_000,
    whole(0, 10 * MINUTE),
    'How long a renewal can be retried with the previous code.',
  ),
  'renewal.lostAnswerMs': define(
    DAY,
    whole(0, 30 * DAY),
    'How long after a renewal the previous code returns a new successor if the first one was never used (its answer was lost).',
  ),
  'session.freshMs': define(
    15 * MINUTE,
    // Administration requires a fresh proof, so 0 would lock every administrator out.
    whole(MINUTE, 10 * YEAR),
    'How long a proof of identity counts as fresh for acts that require one.',
  ),
  'session.keepEndedMs': define(
    DAY,
    duration,
    'How long an ended session is kept so that its client can receive the reason.',
  ),
  'session.maxDataBytes': define(65_536, count, 'The maximum size of a session’s data, in bytes.'),
  'anonymous.maxTotal': define(
    1_000_000,
    whole(1, 100_000_000),
    'How many anonymous sessions are kept, about; the least recently used are evicted.',
  ),
  'anonymous.maxPerAddress': define(
    10_000,
    count,
    'How many anonymous sessions of one IPv4 address or IPv6 /64 are kept; the least recently used are evicted.',
  ),
  'password.minLength': define(
    8,
    whole(1, 64),
    'The minimum length of a new password, in code points.',
  ),
  'password.blocklist': define(true, truth, 'Whether common passwords are refused.'),
  'password.contextWords': define<readonly string[]>(
    [],
    texts(100, 64),
    'Words that a password must not consist of, in addition to the actor’s own names.',
  ),
  'throttle.identityFree': define(5, count, 'Failed logins of an identity before the first pause.'),
  'throttle.identityBaseMs': define(
    1000,
    whole(0, DAY),
    'The first pause; each further pause is twice as long.',
  ),
  'throttle.identityMaxMs': define(15 * MINUTE, whole(0, DAY), 'The longest pause.'),
  'throttle.identityHardLimit': define(
    100,
    count,
    'Consecutive failures after which the password works only from known addresses.',
  ),
  'throttle.addressPerMinute': define(
    20,
    count,
    'The maximum number of failed logins per address and minute.',
  ),
  'throttle.createPerMinute': define(
    20,
    count,
    'The maximum number per address and minute of registrations, changes of name or e-mail, anonymous sessions and device logins, each.',
  ),
  'throttle.identityChangesPerHour': define(
    20,
    count,
    'The maximum number of changes of name or e-mail address per actor and hour.',
  ),
  'throttle.knownAddressMs': define(
    90 * DAY,
    duration,
    'How long an address stays known after a login.',
  ),
  require_tokens_to_persist_ip: define(
    false,
    truth,
    'Whether the token and the renewal code of a `device` session are good only from the address it was made from.',
  ),
  'persist_ip.prefixV4': define(
    32,
    whole(8, 32),
    'How many leading bits of an IPv4 address must match for that.',
  ),
  'persist_ip.prefixV6': define(
    128,
    whole(32, 128),
    'How many leading bits of an IPv6 address must match for that.',
  ),
  'introspection.extendsIdle': define(
    true,
    truth,
    'Whether the introspection of a token counts as a use of its session, and so extends its idle time.',
  ),
  'token.refreshThreshold': define(
    0.5,
    number(0, 1),
    'The part of a token’s life after which a refresh is due.',
  ),
  'jwt.rotateAfterMs': define(
    90 * DAY,
    whole(MINUTE, 10 * YEAR),
    'The age at which the key that signs tokens is replaced.',
  ),
  'audit.retentionMs': define(90 * DAY, duration, 'How long the audit trail is kept.'),
  'audit.maxEntries': define(1_000_000, whole(1, 100_000_000), 'How many audit entries are kept.'),
} as const

type ProfileKey = keyof Profile & string
type ProfileSettings = {
  [K in `profile.${ProfileName}.${ProfileKey}`]: K extends `profile.${ProfileName}.${infer Key extends ProfileKey}`
    ? Profile[Key]
    : never
}

/** A setting with its current value. */
export interface SettingState {
  /** The name of the setting. */
  readonly name: string
  /** The value in effect. */
  readonly value: unknown
  /** The value without a stored change. */
  readonly default: unknown
  /** Whether a stored change is in effect. */
  readonly changed: boolean
  /** What the setting does. */
  readonly about: string
}

/** Every setting and the type of its value. */
export type Settings = {
  [K in keyof typeof GENERAL]: (typeof GENERAL)[K]['value']
} & ProfileSettings
/** The name of a setting, such as `session.freshMs` or `profile.web.idleMs`. */
export type SettingName = keyof Settings

const PROFILE_SCHEMAS = {
  idleMs: [nullable(lifetime), 'How long a session may be unused.'],
  tokenMs: [nullable(lifetime), 'The life of one token; each renewal adds it again.'],
  absoluteMs: [lifetime, 'The absolute end, counted from login.'],
  renewable: [truth, 'Whether a login gets a renewal code.'],
  maxLive: [count, 'The maximum number of live sessions of one owner.'],
  onLimit: [policy, 'What happens at a login over the limit.'],
  oldToken: [oneOf('grace', 'dies', 'expires'), 'What happens to the old token at renewal.'],
  streamUses: [truth, 'Whether an open connection that receives events counts as use.'],
} as const satisfies Record<ProfileKey, readonly [SettingCheck<unknown>, string]>

function definitions(): Map<string, Definition<unknown>> {
  const all = new Map<string, Definition<unknown>>(Object.entries(GENERAL))
  for (const [name, profile] of Object.entries(PROFILES)) {
    for (const [key, [check, about]] of Object.entries(PROFILE_SCHEMAS)) {
      const value: unknown = profile[key as ProfileKey]
      all.set(`profile.${name}.${key}`, { value, check, about: `${name}: ${about}` })
    }
  }
  return all
}

/** The table of all settings: name, default, check and meaning. */
export const SETTINGS: ReadonlyMap<string, Definition<unknown>> = definitions()

/** Returns whether a text is the name of a setting. */
export function isSettingName(name: string): name is SettingName {
  return SETTINGS.has(name)
}

/** Throws `invalid_request` with the reason unless a value is valid for a setting. */
export function checkSetting(name: string, value: unknown): void {
  const definition = SETTINGS.get(name)
  if (definition === undefined)
    throw new LatchkeyError('invalid_request', `There is no setting ${name}.`)
  const { accepts, message } = definition.check
  if (accepts(value)) return
  throw new LatchkeyError('invalid_request', `${name}: ${message}.`, {
    issues: [{ path: name, message }],
  })
}

const KEY = 'settings'

/**
 * The current settings: stored changes take precedence over initial values, and those over
 * defaults. `get` is a look-up in memory; `set` is durable and reaches every node.
 */
export class SettingsTable {
  readonly #documents: Documents
  readonly #clock: Clock
  readonly #initial: Readonly<Record<string, unknown>>
  #values = new Map<string, unknown>()
  #changed = new Set<string>()
  /** The profiles requested since the values last changed. */
  readonly #profiles = new Map<string, Profile>()
  #version = -1
  readonly #listeners = new Set<(names: readonly string[]) => void>()

  constructor(documents: Documents, clock: Clock, initial: Partial<Settings>) {
    for (const [name, value] of Object.entries(initial)) checkSetting(name, value)
    this.#documents = documents
    this.#clock = clock
    this.#initial = initial
  }

  /** Returns the current value. */
  get<N extends SettingName>(name: N): Settings[N] {
    return this.#values.get(name) as Settings[N]
  }

  /** Returns a profile with the current values, or null if there is none of that name. */
  profile(name: string): Profile | null {
    const cached = this.#profiles.get(name)
    if (cached !== undefined) return cached
    if (!Object.hasOwn(PROFILES, name)) return null
    const entries = Object.keys(PROFILE_SCHEMAS).map((key) => [
      key,
      this.#values.get(`profile.${name}.${key}`),
    ])
    const profile = Object.freeze(Object.fromEntries(entries) as Profile)
    this.#profiles.set(name, profile)
    return profile
  }

  /** Returns every setting with its value, its default and whether a stored change is in effect. */
  list(): SettingState[] {
    return [...SETTINGS].map(([name, { value, about }]) => ({
      name,
      value: this.#values.get(name),
      default: value,
      changed: this.#changed.has(name),
      about,
    }))
  }

  /**
   * Changes a setting while the server runs; `undefined` undoes the change. Throws
   * `invalid_request`.
   */
  async set(name: string, value: unknown): Promise<void> {
    if (value !== undefined || !isSettingName(name)) checkSetting(name, value)
    for (;;) {
      const now = this.#clock.now()
      const found = await this.#documents.find(KEY, now)
      const stored = (found === null ? {} : JSON.parse(found.value)) as Record<string, unknown>
      if (value === undefined) delete stored[name]
      else stored[name] = value
      const text = JSON.stringify(stored)
      const expectedVersion = found?.version ?? 0
      if ((await this.#documents.save(KEY, text, { now, expectedVersion })) !== null) break
    }
    await this.load()
  }

  /** Loads the stored changes, and notifies listeners of the changed settings. */
  async load(): Promise<void> {
    const found = await this.#documents.find(KEY, this.#clock.now())
    const version = found?.version ?? 0
    // A read that a later one has overtaken must not restore older values.
    if (version < this.#version) return
    this.#version = version
    const stored = (found === null ? {} : JSON.parse(found.value)) as Record<string, unknown>
    const values = new Map<string, unknown>()
    const changed = new Set<string>()
    for (const [name, definition] of SETTINGS) {
      // A value stored by an older release that is no longer valid must not prevent the start.
      const kept = name in stored && definition.check.accepts(stored[name])
      if (kept) changed.add(name)
      const initial = name in this.#initial ? this.#initial[name] : definition.value
      values.set(name, kept ? stored[name] : initial)
    }
    const before = this.#values
    this.#values = values
    this.#changed = changed
    this.#profiles.clear()
    const names = [...values.keys()].filter((name) => differs(before.get(name), values.get(name)))
    if (before.size > 0 && names.length > 0) for (const listener of this.#listeners) listener(names)
  }

  /**
   * Calls `listener` with the names of settings that changed. Returns a function that removes it.
   */
  onChange(listener: (names: readonly string[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

function differs(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) !== JSON.stringify(b)
}
