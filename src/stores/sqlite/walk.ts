import type { Step } from './writes/step.ts'

/**
 * Returns a function that prunes a table in steps, each a separate write, and remembers its
 * position. It returns how many rows it removed; 0 only after a complete round without a removal.
 */
export function createWalk() {
  let position = 0
  return async (
    limit: number,
    step: (from: number, limit: number) => Promise<Step>,
  ): Promise<number> => {
    let removed = 0
    let at = position
    let fromStart = at === 0
    for (;;) {
      const [count, next] = await step(at, limit - removed)
      removed += count
      at = next ?? 0
      position = at
      if (removed >= limit) return removed
      if (next !== null) continue
      if (removed > 0 || fromStart) return removed
      fromStart = true
    }
  }
}
