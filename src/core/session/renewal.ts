import { sameDigest } from '../token/secret.ts'
import { stateOf } from './lifetimes.ts'
import type { SessionRecord } from './record.ts'

/** How often a successor is issued again for one lost answer. */
export const MAX_REISSUES = 16

/**
 * What a presented renewal code leads to:
 * - `renew`: the current generation, so the next one is issued
 * - `same-again`: the previous generation within the grace, so its successor is sent once more
 * - `reissue`: the previous generation after the grace, and its successor was never used: the answer was lost, so another
 *   successor takes its place
 * - `theft`: a code that was used before; the session ends
 * - `invalid`: not a code of this session
 * - `expired`, `ended`: the session is over
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
  /** How long after `issuedAt` the previous code gets the same successor. */
  readonly graceMs: number
  /** How long after `renewedAt` the previous code gets another successor while the first was never used. 0: never. */
  readonly lostAnswerMs: number
}

/** Decides a renewal from the record and the hashes of the two secrets of the presented code. */
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
