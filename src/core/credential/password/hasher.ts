import { randomBytes, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { LatchkeyError } from '../../errors.ts'
import {
  type Argon2Cost,
  argon2Prefix,
  type DeriveArgon2,
  deriveArgon2,
  formatArgon2,
  isArgon2Cost,
} from './argon2.ts'
import type { ResolveBcrypt } from './bcrypt.ts'
import { normalForm } from './encoding.ts'
import { createFailureFloor, type FailureFloorOptions } from './failure-floor.ts'
import { createStoredHashParser, type ForeignHashOptions } from './foreign.ts'
import type { StoredHash } from './stored-hash.ts'
import { createWorkQueue, type WorkQueueStats } from './work-queue.ts'

export interface PasswordHasherOptions extends ForeignHashOptions, FailureFloorOptions {
  /** 19,456 (19 MiB) by default. Do not use less in production. */
  readonly memoryKiB?: number
  /** 2 by default. */
  readonly passes?: number
  /** 1 by default. */
  readonly parallelism?: number
  /** How many passwords are hashed or verified at once; one per processor by default. */
  readonly concurrency?: number
  /** How many more may wait; 1,000 by default. */
  readonly queueLimit?: number
  /** Computes argon2; `node:crypto` by default. */
  readonly derive?: DeriveArgon2
  /** Called with the duration of each piece of work, in milliseconds, without the wait for a turn. */
  readonly onHashed?: (ms: number) => void
  /** Resolves bcrypt; the optional peer `bcryptjs` by default. */
  readonly resolveBcrypt?: ResolveBcrypt
}

export interface Verification {
  readonly ok: boolean
  /**
   * Whether the password should be hashed again: its hash is foreign or has other parameters than
   * new ones, and covers the whole password. It is false for a password that bcrypt truncated,
   * because the typed text may be longer than the original.
   */
  readonly rehash: boolean
}

interface CallOptions {
  /** Aborts the wait in the queue; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Hashes and verifies passwords with argon2id, off the event loop and with limited concurrency.
 * Every method rejects with `busy` (and `retryAfterMs`) when too many calls wait, and with
 * `unavailable` when the hash cannot be computed.
 */
export interface PasswordHasher {
  /**
   * Returns the PHC string of a password in NFC, otherwise exactly as received. Rejects with
   * `password_refused` for text that is invalid or has more than 4,096 UTF-16 code units.
   */
  hash(password: string, options?: CallOptions): Promise<string>
  /**
   * Returns whether a password matches a stored hash. Pass null as `stored` for an unknown actor or
   * one without a password: the result is negative, after the same work. A malformed hash is
   * negative too. After the first foreign hash, every negative result takes as long as one for such
   * a hash (3 s at most). Rejects with `unavailable` for a bcrypt hash if `bcryptjs` is not
   * installed.
   */
  verify(password: string, stored: string | null, options?: CallOptions): Promise<Verification>
  /**
   * Returns why a stored hash is not supported, as the end of a sentence that begins with its
   * field's name; null if it is supported. Supported are argon2, bcrypt (with `bcryptjs`), scrypt
   * and PBKDF2 as PHC strings and in the formats of Django, Werkzeug, passlib, better-auth,
   * Keycloak, Firebase, WordPress 6.8, Spring Security and LDAP, and MAGE's records (`hmac` records
   * with their key).
   */
  whyUnsupported(stored: string): string | null
  stats(): WorkQueueStats
}

const SALT_BYTES = 16
const TAG_BYTES = 32
const REFUSED: Verification = { ok: false, rehash: false }

/**
 * Creates a {@link PasswordHasher}. Throws `invalid_request` for a cost that argon2 does not
 * accept.
 */
export function createPasswordHasher(options: PasswordHasherOptions = {}): PasswordHasher {
  const { memoryKiB = 19_456, passes = 2, parallelism = 1 } = options
  const { concurrency = availableParallelism(), queueLimit = 1000, derive = deriveArgon2 } = options
  const { monotonicMs = () => performance.now() } = options
  const cost: Argon2Cost = { memoryKiB, passes, parallelism }
  if (!isArgon2Cost(cost) || !(concurrency >= 1) || !(queueLimit >= 0)) {
    throw new LatchkeyError(
      'invalid_request',
      'These parameters of password hashing are invalid. See RFC 9106 for the allowed values.',
    )
  }
  const { parse, whyUnsupported } = createStoredHashParser(options)
  const queue = createWorkQueue({ concurrency, queueLimit, onDone: options.onHashed })
  const floor = createFailureFloor(options)
  const placeholder = formatArgon2(cost, randomBytes(SALT_BYTES), randomBytes(TAG_BYTES))
  const prefix = argon2Prefix(cost)

  /** Takes as long as a wrong password. */
  async function refuse(password: string): Promise<Verification> {
    const parsed = parse(placeholder)
    if (parsed !== null) await matches(parsed, password)
    return REFUSED
  }

  async function make(password: string): Promise<string> {
    const text = normalForm(password)
    if (text === null) {
      throw new LatchkeyError('password_refused', 'The password is not valid text or is too long.')
    }
    const salt = randomBytes(SALT_BYTES)
    const shape = { algorithm: 'argon2id', tagBytes: TAG_BYTES, ...cost } as const
    const tag = await orUnavailable(derive({ ...shape, password: text, salt }))
    return formatArgon2(cost, salt, tag)
  }

  async function check(password: string, stored: string | null): Promise<Verification> {
    const text = normalForm(password)
    const parsed = stored === null ? null : parse(stored)
    if (text === null || parsed === null) return await refuse(text ?? '')
    if (stored?.startsWith(prefix) === true) {
      return { ok: await matches(parsed, text), rehash: false }
    }
    const forms = formsOf(password)
    const began = monotonicMs()
    const proven = await checkForeign(parsed, forms)
    if (proven !== null) return proven
    // A foreign hash may be fast to compute; a fast answer must not reveal its owner.
    await refuse(text)
    floor.observe(parsed.work, (monotonicMs() - began) / forms.length)
    return REFUSED
  }

  async function checkForeign(
    parsed: StoredHash,
    forms: readonly string[],
  ): Promise<Verification | null> {
    for (const form of forms) {
      if (!(await matches(parsed, form))) continue
      return { ok: true, rehash: parsed.seesWhole?.(form) ?? true }
    }
    return null
  }

  return {
    async hash(password, { signal } = {}) {
      return await queue.run(() => make(password), { signal })
    },
    async verify(password, stored, { signal } = {}) {
      let began = 0
      const verified = await queue.run(
        () => {
          began = monotonicMs()
          return check(password, stored)
        },
        { signal },
      )
      const derivations = formsOf(password).length
      if (!verified.ok) await floor.hold(began, { derivations, signal })
      return verified
    },
    whyUnsupported,
    stats: queue.stats,
  }
}

/**
 * Returns the forms of a password to compare: in NFC, and as typed, because another system may not
 * have normalised it.
 */
function formsOf(password: string): readonly string[] {
  const text = normalForm(password)
  return text === null || text === password ? [password] : [text, password]
}

async function matches(stored: StoredHash, password: string): Promise<boolean> {
  const tag = await orUnavailable(stored.derive(password))
  return tag.length === stored.expected.length && timingSafeEqual(tag, stored.expected)
}

/**
 * Rejects with `unavailable` if the work fails, because a failure does not mean that the password
 * is wrong.
 */
async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause
    throw new LatchkeyError(
      'unavailable',
      'Passwords cannot be checked at the moment. Try again later.',
      { cause },
    )
  }
}
