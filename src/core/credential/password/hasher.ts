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
  /** 19,456 (19 MiB) by default, and no less in production. */
  readonly memoryKiB?: number
  /** 2 by default. */
  readonly passes?: number
  /** 1 by default. */
  readonly parallelism?: number
  /** Passwords hashed or verified at once; one per processor by default. */
  readonly concurrency?: number
  /** How many more may wait; 1,000 by default. */
  readonly queueLimit?: number
  /** How argon2 is computed; `node:crypto` by default. */
  readonly derive?: DeriveArgon2
  /** Where bcrypt is found; the optional peer `bcryptjs` by default. */
  readonly resolveBcrypt?: ResolveBcrypt
}

export interface Verification {
  readonly ok: boolean
  /**
   * The password is right, its hash is foreign or has other parameters than new ones get, and the hash proves the whole of
   * it: a password that bcrypt has cut would be replaced by what was typed.
   */
  readonly rehash: boolean
}

interface CallOptions {
  /** Gives up the wait for a turn; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Hashes and verifies passwords with argon2id, off the event loop and a few at a time. Every method rejects with `busy`
 * (and `retryAfterMs`) when too many wait, and with `unavailable` when the machine cannot do the work.
 */
export interface PasswordHasher {
  /**
   * The PHC string of a password in NFC, otherwise exactly as received. Rejects with `password_refused` what is no valid
   * text or has more than 4,096 UTF-16 code units.
   */
  hash(password: string, options?: CallOptions): Promise<string>
  /**
   * Whether a password is the one behind a stored hash. `stored` is null for an unknown actor, and for one
   * without a password: the answer is no, after the same work. A malformed hash is a no too. Once a foreign hash was seen,
   * every no comes as late as one to such a hash (3 s at most). Rejects with `unavailable` for a bcrypt hash where
   * `bcryptjs` is not installed.
   */
  verify(password: string, stored: string | null, options?: CallOptions): Promise<Verification>
  /**
   * Why a stored hash cannot be verified here, as the end of a sentence that begins with its field's name; null if it can.
   * Verified are argon2, bcrypt (given `bcryptjs`), scrypt and PBKDF2 as PHC strings and as Django, Werkzeug, passlib,
   * better-auth, Keycloak, Firebase, WordPress 6.8, Spring Security and LDAP write them, and MAGE's records (`hmac` ones
   * given their key).
   */
  whyUnsupported(stored: string): string | null
  stats(): WorkQueueStats
}

const SALT_BYTES = 16
const TAG_BYTES = 32
const REFUSED: Verification = { ok: false, rehash: false }

/** Makes a {@link PasswordHasher}. Throws `invalid_request` for a cost that argon2 cannot have. */
export function createPasswordHasher(options: PasswordHasherOptions = {}): PasswordHasher {
  const { memoryKiB = 19_456, passes = 2, parallelism = 1 } = options
  const { concurrency = availableParallelism(), queueLimit = 1000, derive = deriveArgon2 } = options
  const { monotonicMs = () => performance.now() } = options
  const cost: Argon2Cost = { memoryKiB, passes, parallelism }
  if (!isArgon2Cost(cost) || !(concurrency >= 1) || !(queueLimit >= 0)) {
    throw new LatchkeyError('invalid_request', 'These parameters of password hashing cannot be.')
  }
  const { parse, whyUnsupported } = createStoredHashParser(options)
  const queue = createWorkQueue({ concurrency, queueLimit })
  const floor = createFailureFloor(options)
  const nobody = formatArgon2(cost, randomBytes(SALT_BYTES), randomBytes(TAG_BYTES))
  const prefix = argon2Prefix(cost)

  /** Takes as long as a wrong password. */
  async function refuse(password: string): Promise<Verification> {
    const parsed = parse(nobody)
    if (parsed !== null) await matches(parsed, password)
    return REFUSED
  }

  async function make(password: string): Promise<string> {
    const text = normalForm(password)
    if (text === null) {
      throw new LatchkeyError('password_refused', 'The password is not valid text or too long.')
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
    // A foreign hash may be quick to compute: its owner must not stand out by a quick answer.
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

/** A password as it is compared: in NFC, and as it was typed, because a foreign system may not have normalised it. */
function formsOf(password: string): readonly string[] {
  const text = normalForm(password)
  return text === null || text === password ? [password] : [text, password]
}

async function matches(stored: StoredHash, password: string): Promise<boolean> {
  const tag = await orUnavailable(stored.derive(password))
  return tag.length === stored.expected.length && timingSafeEqual(tag, stored.expected)
}

/** Work that the machine could not do says nothing about the password. */
async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause
    throw new LatchkeyError('unavailable', 'Passwords cannot be checked at the moment.', { cause })
  }
}
