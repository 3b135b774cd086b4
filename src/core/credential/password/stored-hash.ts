/** A stored verifier, parsed: how to get from a password to what must be equal. */
export interface StoredHash {
  readonly expected: Buffer
  /** The algorithm and its cost: hashes of the same work take the same time. */
  readonly work: string
  /**
   * What `password` comes to under the stored parameters, off the event loop where that takes long.
   * Rejects if the machine cannot do the work.
   */
  derive(password: string): Promise<Buffer>
  /**
   * Whether a password that is accepted is known to be the whole of the one that was stored. Where it is not, because the
   * algorithm cuts or trims, the hash must stay as it is. Absent: always.
   */
  seesWhole?(password: string): boolean
}

/** Bounds on what a stored hash may ask of the machine; one that asks for more is not verifiable. */
export const LIMITS = {
  /** Length of the text. */
  storedChars: 4096,
  memoryKiB: 1024 * 1024,
  /** Memory times passes, of argon2: as much as four passes over the largest memory. */
  argon2Work: 4 * 1024 * 1024,
  parallelism: 255,
  /** N times r times p, of scrypt: as much as four passes over the largest memory. */
  scryptWork: 4 * 8 * 1024 * 1024,
  /** Rounds of the hash function for the whole of a PBKDF2 output. */
  pbkdf2Rounds: 10_000_000,
  /** Base-two logarithm of the rounds of bcrypt: some five seconds. */
  bcryptCost: 16,
  saltBytes: 128,
  minTagBytes: 12,
  maxTagBytes: 512,
} as const
