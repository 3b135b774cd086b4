import type { Authority } from '../core/index.ts'

/** How long the result of a write is reused. */
const REUSE_MS = 2000

/**
 * Returns a function that checks whether the store can be read and written, and throws `unavailable` if not: on a full disk reads succeed
 * and writes do not.
 */
export function createReadiness(authority: Authority): () => Promise<void> {
  let checked = { at: Number.NEGATIVE_INFINITY, result: Promise.resolve() }
  return async () => {
    await authority.ping()
    const now = performance.now()
    if (now - checked.at >= REUSE_MS) {
      const result = authority.checkWrites()
      // Each caller gets the error itself.
      result.catch(() => undefined)
      checked = { at: now, result }
    }
    await checked.result
  }
}
