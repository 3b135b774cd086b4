import {
  createPasswordHasher,
  type PasswordHasherOptions,
} from '../core/credential/password/index.ts'

/** Verifies a password against a stored hash. Only `true`, or a promise of `true`, means that it is right. */
export interface PasswordVerifier {
  /** Returns whether a password is right, or a promise of it. */
  verify(plain: string, hashed: string): unknown
  /** Does the work of `verify` for an unknown user, so that both take the same time. */
  verifyUnknown?(plain: string): Promise<void>
}

/** Makes the verifier of every format that the authority reads: argon2, bcrypt (with `bcryptjs`), scrypt, PBKDF2 and others. */
export function passwordVerifier(options: PasswordHasherOptions = {}): PasswordVerifier & {
  /** Returns the argon2id hash of a password, to store it. */
  hash(plain: string): Promise<string>
} {
  const hasher = createPasswordHasher(options)
  return {
    verify: async (plain, hashed) => (await hasher.verify(plain, hashed)).ok,
    async verifyUnknown(plain) {
      await hasher.verify(plain, null)
    },
    hash: (plain) => hasher.hash(plain),
  }
}
