import { sameDigest } from '../token/secret.ts'
import { stateOf } from './lifetimes.ts'
import type { SessionRecord } from './record.ts'

/** How many times a successor is issued again for one lost answer. */
export const MAX_REISSUES = 16

/**
 * The decision for a presented renewal code:
 * - `renew`: the current generation, so the next one is issued
 * - `same-again`: the previous generation within the grace period, so its successor is sent again
 * - `reissue`: the previous generation after the grace period, and its successor was never used: the
 *   answer was lost, so another successor replaces it
 * - `theft`: a code that was used before; the session ends
 * - `invalid`: not a code of this session
 * - `expired`, `ended`: the session has expired or ended
 */
export type RenewalDecision =
  | 'renew'
  | 'same-again'
  | 'reissue'
  | 'theft'
  | 'invalid'
  | 'expired'
  | 'ended'

/** The conditions of a decision. Times are epoch milliseconds. */
export interface RenewalConditions {
  readonly now: number
  readonly epochs: { readonly owner: number; readonly global: number }
  /** How long after `issuedAt` the previous code returns the same successor. */
  readonly graceMs: number
  /**
   * How long after `renewedAt` the previous code returns another successor, if the first was never
   * used. 0: never.
   */
  readonly lostAnswerMs: number
}

/**
 * Returns the decision for a renewal from the record and the hashes of the two secrets of the
 * presented code.
 */
export function decideRenewal(
  record: SessionRecord,
  presented: { readonly familyHash: string; readonly hash: string },
  { now, epochs, graceMs, lostAnswerMs }: RenewalConditions,
): RenewalDecision {
  const state = record.renewal
  if (state === null || !sameDigest(presented.familyHash, state.familyHash)) return 'invalid'
  const life = stateOf(record, { now, epochs })
  if (life !== 'live') return life
  if (sameDigest(presented.hash, state.hash)) return 'renew'
  if (state.previousHash === null || !sameDigest(presented.hash, state.previousHash)) return 'theft'
  if (now < record.issuedAt + graceMs) return 'same-again'
  const lost = record.usedAt === null && now < state.renewedAt + lostAnswerMs
  return lost && state.reissues < MAX_REISSUES ? 'reissue' : 'theft'
}
