import type { Document, Documents } from '../../core/ports/index.ts'
import type { Gate, Tables } from './engine.ts'

/** Creates documents in memory. */
export function createDocuments(tables: Tables, gate: Gate): Documents {
  const { documents } = tables

  function alive(key: string, now: number): Document | null {
    const found = documents.get(key)
    if (found === undefined) return null
    return found.expiresAt === null || found.expiresAt > now ? found : null
  }

  return {
    async find(key, now) {
      gate.check()
      const found = alive(key, now)
      return found === null ? null : { ...found }
    },

    async save(key, value, { now, expectedVersion, expiresAt = null }) {
      gate.check()
      const current = alive(key, now)?.version ?? 0
      if (expectedVersion !== undefined && expectedVersion !== current) return null
      documents.set(key, { value, version: current + 1, expiresAt })
      return current + 1
    },

    async remove(key, { now, expectedVersion }) {
      gate.check()
      const found = alive(key, now)
      if (found === null) return false
      if (expectedVersion !== undefined && expectedVersion !== found.version) return false
      return documents.delete(key)
    },

    async prune({ now, limit }) {
      gate.check()
      let removed = 0
      for (const [key, { expiresAt }] of documents) {
        if (removed >= limit) break
        if (expiresAt === null || expiresAt > now) continue
        documents.delete(key)
        removed++
      }
      return removed
    },
  }
}
