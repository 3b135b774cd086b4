import type { Counters } from '../../core/ports/index.ts'
import { refunded } from '../kit/counter-rules.ts'
import { decideReservation } from '../kit/reservation.ts'
import type { Gate, Tables } from './engine.ts'

/** Creates counters in memory; the map has the order of the last reservation. */
export function createCounters(tables: Tables, gate: Gate, maxKeys: number): Counters {
  const { counters } = tables
  return {
    async reserve(wanted, now) {
      gate.check()
      const { reservation, writes } = decideReservation(
        wanted,
        now,
        (key) => counters.get(key) ?? null,
      )
      for (const [key, state] of writes) {
        counters.delete(key)
        counters.set(key, state)
      }
      return reservation
    },

    async refund(keys, now) {
      gate.check()
      for (const key of keys) {
        const state = refunded(counters.get(key) ?? null, now)
        if (state === null) counters.delete(key)
        else counters.set(key, state)
      }
    },

    async remove(keys) {
      gate.check()
      for (const key of keys) counters.delete(key)
    },

    async prune({ now, limit }) {
      gate.check()
      let removed = 0
      for (const [key, state] of counters) {
        if (removed >= limit) break
        if (state.expiresAt > now) continue
        counters.delete(key)
        removed++
      }
      for (const key of counters.keys()) {
        if (removed >= limit || counters.size <= maxKeys) break
        counters.delete(key)
        removed++
      }
      return removed
    },
  }
}
