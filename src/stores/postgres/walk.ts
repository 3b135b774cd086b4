/** The result of one step of a walk, and where the next starts; null after the last row. */
export interface Step<Key> {
  readonly removed: number
  readonly next: Key | null
}

/**
 * Returns a function that prunes a table in steps along its key, each a separate write, and remembers its
 * position. It returns how many rows it removed; 0 only after a complete round without a removal.
 */
export function createWalk<Key>(start: Key) {
  let position = start
  return async (
    limit: number,
    step: (from: Key, limit: number) => Promise<Step<Key>>,
  ): Promise<number> => {
    let removed = 0
    let at = position
    let fromStart = at === start
    for (;;) {
      const { removed: count, next } = await step(at, limit - removed)
      removed += count
      at = next ?? start
      position = at
      if (removed >= limit) return removed
      if (next !== null) continue
      if (removed > 0 || fromStart) return removed
      fromStart = true
    }
  }
}
