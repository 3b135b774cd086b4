import type { Counters } from '../../core/ports/index.ts'
import { createWalk } from './walk.ts'
import type { Writer } from './writer.ts'

/** Creates counters in a file. */
export function createCounters(writer: Writer, maxKeys: number): Counters {
  const walk = createWalk()
  return {
    reserve: (wanted, now) => writer.write('reserve', wanted, now),

    async refund(keys, now) {
      await writer.write('refund', keys, now)
    },

    async remove(keys) {
      await writer.write('removeCounters', keys)
    },

    async prune({ now, limit }) {
      const expired = await walk(limit, (from, most) =>
        writer.write('pruneCounters', from, most, now),
      )
      if (expired >= limit) return expired
      return expired + (await writer.write('trimCounters', maxKeys, limit - expired))
    },
  }
}
