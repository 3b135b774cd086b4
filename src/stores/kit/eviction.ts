import type { CreateConditions } from '../../core/ports/index.ts'

/** What an eviction is decided on. */
export interface Candidate {
  readonly id: string
  readonly parent: string | null
  readonly createdAt: number
  readonly lastUsedAt: number
}

/**
 * Which live sessions make room for one more: in the policy's order until it fits, or null if it is refused.
 * A candidate whose parent goes makes room as well and is not named, because it ends with its parent.
 */
export function chooseEvicted<C extends Candidate>(
  /** The live sessions that the limit counts, in creation order. */
  candidates: readonly C[],
  { max, policy }: NonNullable<CreateConditions['limit']>,
): readonly C[] | null {
  if (candidates.length < max) return []
  if (policy === 'refuse' || max < 1) return null
  const age = policy === 'evict-oldest' ? (c: C) => c.createdAt : (c: C) => c.lastUsedAt
  let left = candidates.toSorted((a, b) => age(a) - age(b))
  const evicted: C[] = []
  while (left.length >= max) {
    const [first, ...others] = left
    if (first === undefined) break
    evicted.push(first)
    left = others.filter((other) => other.parent !== first.id)
  }
  return evicted
}
