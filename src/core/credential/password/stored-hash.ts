/** A parsed stored hash: the expected bytes and how to derive them from a password. */
export interface StoredHash {
  readonly expected: Buffer
  /** The algorithm and its cost: hashes of the same work take the same time. */
  readonly work: string
  /**
   * Returns the derived bytes of `password` under the stored parameters, off the event loop if that
   * takes long. Rejects if the hash cannot be computed.
   */
  derive(password: string): Promise<Buffer>
  /**
   * Returns whether the hash covers the whole of a password that verifies. If not, because the
   * algorithm truncates or trims, the hash must not be replaced. Absent: always.
   */
  seesWhole?(password: string): boolean
}

/** Limits on the work of a stored hash; one that exceeds them is not supported. */
export const LIMITS = {
  /** Length of the text. */
  storedChars: 4096,
  memoryKiB: 1024 * 1024,
  /** Memory times passes, of argon2: four passes over the largest memory. */
  argon2Work: 4 * 1024 * 1024,
  parallelism: 255,
  /** N times r times p, of scrypt: four passes over the largest memory. */
  scryptWork: 4 * 8 * 1024 * 1024,
  /** Rounds of the hash function for the whole PBKDF2 output. */
  pbkdf2Rounds: 10_000_000,
  /** Base-two logarithm of the rounds of bcrypt: about five seconds. */
  bcryptCost: 16,
  saltBytes: 128,
  minTagBytes: 12,
  maxTagBytes: 512,
} as const
