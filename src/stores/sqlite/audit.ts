import type { AuditAct, AuditEntry } from '../../core/audit.ts'
import type { Audit } from '../../core/ports/index.ts'
import { cursorAt, cutPage, pageSize, positionOf } from '../kit/paging.ts'
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'
import type { AuditRow } from './writes/audit.ts'

/** Returns the row of an entry, or null without one. */
export function toAuditRow(entry: AuditEntry | undefined): AuditRow | null {
  if (entry === undefined) return null
  return [
    ...([entry.at, entry.act, entry.outcome, entry.actor, entry.target, entry.session] as const),
    ...([entry.door, entry.address, entry.identityHash] as const),
    entry.detail && JSON.stringify(entry.detail),
  ]
}

/**
 * Creates the audit trail in a file. A filter scans the rows, because an index on actor or session
 * would make every write a third slower.
 */
export function createAudit(reader: Reader, writer: Writer): Audit {
  const walk = reader.prepareWalk<[seq: number, ...AuditRow]>(
    'audit',
    'newest-first',
    `SELECT seq, at, act, outcome, actor, target, session, door, address, identity_hash, detail FROM audit
     WHERE seq BETWEEN ?1 AND ?2 AND (?3 IS NULL OR actor = ?3) AND (?4 IS NULL OR act = ?4)
       AND (?5 IS NULL OR session = ?5) AND (?6 IS NULL OR at >= ?6)
     ORDER BY seq DESC LIMIT ?7`,
  )
  const forwards = reader.prepare<[seq: number, ...AuditRow]>(
    `SELECT seq, at, act, outcome, actor, target, session, door, address, identity_hash, detail
     FROM audit WHERE seq > ? ORDER BY seq LIMIT ?`,
  )
  return {
    async append(entries) {
      const rows = entries.map(toAuditRow).filter((row) => row !== null)
      if (rows.length > 0) await writer.write('appendAudit', rows)
    },

    async list(query) {
      const limit = pageSize(query.limit)
      const start = positionOf('audit', query.after)
      const filters = [query.actor ?? null, query.act ?? null, query.session ?? null]
      const rows = await walk(start, limit + 1, ...filters, query.since ?? null)
      return cutPage(rows, {
        listing: 'audit',
        limit,
        position: ([seq]) => seq,
        item: ([seq, ...row]) => ({ ...fromAuditRow(row), id: String(seq) }),
      })
    },

    async read({ after, limit }) {
      const from = positionOf('trail', after) ?? 0
      // The writer commits in the order of `seq`, so no lower number appears later.
      const rows = forwards.all(from, pageSize(limit))
      const items = rows.map(([seq, ...row]) => ({ ...fromAuditRow(row), id: String(seq) }))
      return { items, cursor: cursorAt('trail', rows.at(-1)?.[0] ?? from) }
    },

    async erase({ actors, after, limit }) {
      const from = positionOf('trail', after) ?? 0
      const { erased, last } = await writer.write('eraseAudit', actors, from, pageSize(limit))
      return { erased, ...(last === null ? {} : { next: cursorAt('trail', last) }) }
    },

    prune: ({ before, maxEntries, limit }) => writer.write('pruneAudit', before, maxEntries, limit),
  }
}

function fromAuditRow(row: AuditRow): AuditEntry {
  return {
    at: row[0],
    act: row[1] as AuditAct,
    outcome: row[2],
    actor: row[3],
    target: row[4],
    session: row[5],
    door: row[6],
    address: row[7],
    identityHash: row[8],
    detail: row[9] === null ? null : JSON.parse(row[9]),
  }
}
