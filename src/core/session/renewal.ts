import { sameDigest } from '../token/secret.ts'
import { stateOf } from './lifetimes.ts'
import type { SessionRecord } from './record.ts'

/** How a renewal is settled, given the record as it stands. */
export type RenewalDecision = 'renew' | 'same-again' | 'theft' | 'invalid' | 'expired' | 'ended'

/**
 * Decides a renewal. The family proves that the code is of this session; then the current generation renews, the
 * previous one within the grace gets the same successor again, and any other is a code that was used before: theft.
 */
export function decideRenewal(
  record: SessionRecord,
  presented: { readonly familyHash: string; readonly hash: string },
  at: { readonly now: number; readonly globalEpoch: number; readonly graceMs: number },
): RenewalDecision {
  const state = record.renewal
  if (state === null || !sameDigest(presented.familyHash, state.familyHash)) return 'invalid'
  const life = stateOf(record, at)
  if (life !== 'live') return life
  if (sameDigest(presented.hash, state.hash)) return 'renew'
  const previous = state.previousHash !== null && sameDigest(presented.hash, state.previousHash)
  return previous && at.now < state.renewedAt + at.graceMs ? 'same-again' : 'theft'
}
