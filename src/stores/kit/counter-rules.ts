import type { CounterRule, CounterState } from '../../core/ports/index.ts'

/**
 * The decision of one counter on one attempt: the state to store, or how long to wait (then nothing
 * is stored).
 */
export type Judgement =
  | { readonly ok: true; readonly next: CounterState }
  | { readonly ok: false; readonly retryAfterMs: number }

/**
 * Returns the decision on an attempt. Pure: stores call it inside their write.
 *
 * - `window`: at most `limit` attempts in a window of `windowMs` that starts with the first.
 * - `backoff`: `free` attempts without a pause, then each requires a pause since the last counted
 *   one, `baseMs` doubling up to `maxMs`; from `hardLimit` on, none. A refused attempt does not count,
 *   so an attempt after the pause is allowed (below the hard limit).
 */
export function judge(state: CounterState | null, rule: CounterRule, now: number): Judgement {
  const current = state !== null && state.expiresAt > now ? state : null
  if (rule.kind === 'window') {
    if (current === null) {
      return { ok: true, next: { count: 1, at: now, expiresAt: now + rule.windowMs } }
    }
    if (current.count >= rule.limit) return { ok: false, retryAfterMs: current.expiresAt - now }
    return { ok: true, next: { ...current, count: current.count + 1 } }
  }
  const count = current?.count ?? 0
  if (rule.hardLimit !== null && count >= rule.hardLimit) {
    return { ok: false, retryAfterMs: rule.maxMs }
  }
  if (current !== null && count >= rule.free) {
    const pause = Math.min(rule.baseMs * 2 ** (count - rule.free), rule.maxMs)
    if (now < current.at + pause) return { ok: false, retryAfterMs: current.at + pause - now }
  }
  return { ok: true, next: { count: count + 1, at: now, expiresAt: now + rule.forgetMs } }
}

/** Returns the state after one attempt is refunded, or null if none is left. */
export function refunded(state: CounterState | null, now: number): CounterState | null {
  if (state === null || state.expiresAt <= now || state.count <= 1) return null
  return { ...state, count: state.count - 1 }
}
