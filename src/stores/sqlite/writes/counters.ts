import type { DatabaseSync } from 'node:sqlite'
import type { CounterState, Counters, Reservation } from '../../../core/ports/index.ts'
import { refunded } from '../../kit/counter-rules.ts'
import { decideReservation } from '../../kit/reservation.ts'
import { prepare } from '../statement.ts'
import { prepareStep, type Step } from './step.ts'

/**
 * Returns the writes of counters. A reservation gives its row a new number, so the lowest were
 * written longest ago.
 */
export function counterWrites(db: DatabaseSync) {
  const findState = prepare<[number, number, number]>(
    db,
    'SELECT count, at, expires_at FROM counters WHERE key = ?',
  )
  const replace = prepare(
    db,
    'INSERT OR REPLACE INTO counters (key, count, at, expires_at) VALUES (?, ?, ?, ?)',
  )
  const change = prepare(db, 'UPDATE counters SET count = ? WHERE key = ?')
  const remove = prepare(db, 'DELETE FROM counters WHERE key = ?')
  const countAll = prepare<[number]>(db, 'SELECT count(*) FROM counters')
  const removeOldest = prepare(
    db,
    'DELETE FROM counters WHERE seq IN (SELECT seq FROM counters ORDER BY seq LIMIT ?)',
  )
  const removeRow = prepare(db, 'DELETE FROM counters WHERE seq = ?')
  const step = prepareStep(db, 'counters', 'expires_at <= ?')

  function stateOf(key: string): CounterState | null {
    const found = findState.get(key)
    return found === undefined ? null : { count: found[0], at: found[1], expiresAt: found[2] }
  }

  return {
    reserve(wanted: Parameters<Counters['reserve']>[0], now: number): Reservation {
      const { reservation, writes } = decideReservation(wanted, now, stateOf)
      for (const [key, state] of writes) replace.run(key, state.count, state.at, state.expiresAt)
      return reservation
    },

    refund(keys: readonly string[], now: number): void {
      for (const key of keys) {
        const state = refunded(stateOf(key), now)
        if (state === null) remove.run(key)
        else change.run(state.count, key)
      }
    },

    removeCounters(keys: readonly string[]): void {
      for (const key of keys) remove.run(key)
    },

    trimCounters(maxKeys: number, limit: number): number {
      const excess = (countAll.get()?.[0] ?? 0) - maxKeys
      return excess > 0 ? removeOldest.run(Math.min(excess, limit)) : 0
    },

    pruneCounters(from: number, limit: number, now: number): Step {
      return step(from, limit, [now], (seq) => removeRow.run(seq))
    },
  }
}
