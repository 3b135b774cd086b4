import { addressPrefix } from '../../core/address.ts'
import type { CreateConditions } from '../../core/ports/index.ts'
import type { SessionRecord } from '../../core/session/record.ts'

/** The fields that an eviction is decided on. */
export interface Candidate {
  readonly id: string
  readonly parent: string | null
  readonly createdAt: number
  readonly lastUsedAt: number
}

/**
 * Returns the live sessions to end so that one more fits, in the policy's order, or null if it is
 * refused. A candidate whose parent is evicted makes room too and is not returned, because it ends
 * with its parent.
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

/**
 * Returns the key that `perAddress` counts an anonymous session under: its IPv4 address or IPv6 /64,
 * empty without an address. Null for a session that is not anonymous.
 */
export function anonymousPrefix({
  anonymous,
  client,
}: Pick<SessionRecord, 'anonymous' | 'client'>): string | null {
  if (!anonymous) return null
  return client.address === null ? '' : (addressPrefix(client.address) ?? '')
}
