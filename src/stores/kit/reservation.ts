import type { CounterState, Counters, Reservation } from '../../core/ports/index.ts'
import { judge } from './counter-rules.ts'

/** The answer to a reservation, and the states to store: none if it is refused. */
export interface Decision {
  readonly reservation: Reservation
  readonly writes: ReadonlyMap<string, CounterState>
}

/** Returns the decision on an attempt by all its counters together. */
export function decideReservation(
  wanted: Parameters<Counters['reserve']>[0],
  now: number,
  stateOf: (key: string) => CounterState | null,
): Decision {
  const writes = new Map<string, CounterState>()
  let retryAfterMs: number | null = null
  let count = 0
  for (const { key, rule } of wanted) {
    const judged = judge(writes.get(key) ?? stateOf(key), rule, now)
    if (judged.ok) {
      writes.set(key, judged.next)
      count = Math.max(count, judged.next.count)
    } else {
      retryAfterMs = Math.max(retryAfterMs ?? 0, judged.retryAfterMs)
    }
  }
  if (retryAfterMs === null) return { reservation: { ok: true, count }, writes }
  return { reservation: { ok: false, retryAfterMs }, writes: new Map() }
}
