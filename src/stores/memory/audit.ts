import type { Audit } from '../../core/ports/index.ts'
import { cursorAt, cutPage, pageSize, positionOf } from '../kit/paging.ts'
import { appendAudit, type Gate, type Tables } from './engine.ts'

/** Creates an audit trail in memory. */
export function createAudit(tables: Tables, gate: Gate): Audit {
  return {
    async append(entries) {
      gate.check()
      for (const entry of entries) appendAudit(tables, entry)
    },

    async list(query) {
      gate.check()
      const limit = pageSize(query.limit)
      const before = positionOf('audit', query.after) ?? Number.POSITIVE_INFINITY
      const rows = tables.audit.filter(
        (entry) =>
          entry.seq < before &&
          (query.actor === undefined || entry.actor === query.actor) &&
          (query.act === undefined || entry.act === query.act) &&
          (query.session === undefined || entry.session === query.session) &&
          (query.since === undefined || entry.at >= query.since),
      )
      return cutPage(rows.reverse(), {
        listing: 'audit',
        limit,
        position: (row) => row.seq,
        item: ({ seq, ...entry }) => ({ ...structuredClone(entry), id: String(seq) }),
      })
    },

    async read({ after, limit }) {
      gate.check()
      const size = pageSize(limit)
      const from = positionOf('trail', after) ?? 0
      const start = tables.audit.findIndex(({ seq }) => seq > from)
      const rows = start === -1 ? [] : tables.audit.slice(start, start + size)
      const items = rows.map(({ seq, ...entry }) => ({
        ...structuredClone(entry),
        id: String(seq),
      }))
      return { items, cursor: cursorAt('trail', rows.at(-1)?.seq ?? from) }
    },

    async erase({ actors, after, limit }) {
      gate.check()
      const size = pageSize(limit)
      const from = positionOf('trail', after) ?? 0
      const start = tables.audit.findIndex(({ seq }) => seq > from)
      if (start === -1) return { erased: 0 }
      const rows = tables.audit.slice(start, start + size)
      let erased = 0
      for (const [index, entry] of rows.entries()) {
        if (entry.actor === null || !actors.includes(entry.actor)) continue
        const { address, identityHash, detail } = entry
        if (address === null && identityHash === null && detail === null) continue
        erased++
        tables.audit[start + index] = { ...entry, address: null, identityHash: null, detail: null }
      }
      const last = rows.at(-1)
      const ended = last === undefined || start + rows.length === tables.audit.length
      return { erased, ...(ended ? {} : { next: cursorAt('trail', last.seq) }) }
    },

    async prune({ before, maxEntries, limit }) {
      gate.check()
      const all = tables.audit
      const excess = all.length - maxEntries
      let kept = 0
      for (const [index, entry] of all.entries()) {
        const over = index < excess || entry.at < before
        if (over && index - kept < limit) continue
        all[kept++] = entry
      }
      const removed = all.length - kept
      all.length = kept
      return removed
    },
  }
}
