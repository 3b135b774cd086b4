import type { CounterRule, CounterState } from '../../core/ports/index.ts'

/** How one counter answers one attempt: the state to store, or how long to wait (nothing is stored then). */
export type Judgement =
  | { readonly ok: true; readonly next: CounterState }
  | { readonly ok: false; readonly retryAfterMs: number }

/**
 * Judges an attempt against a counter. Pure: stores call it inside their write.
 *
 * - `window`: at most `limit` attempts in a window of `windowMs` that begins with the first.
 * - `backoff`: `free` attempts at will, then each needs a pause since the last counted one, `baseMs` doubling up to
 *   `maxMs`; from `hardLimit` on, none. A refused attempt does not count, so waiting always helps (below the
 *   hard limit).
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

/** The state after one attempt is taken back, or null if none is left. */
export function refunded(state: CounterState | null, now: number): CounterState | null {
  if (state === null || state.expiresAt <= now || state.count <= 1) return null
  return { ...state, count: state.count - 1 }
}
