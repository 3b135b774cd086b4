import type { SessionData, StoredData } from '../../core/ports/index.ts'
import { cutPage, pageSize, positionOf } from '../kit/paging.ts'
import { toAuditRow } from './audit.ts'
import type { Reader } from './reader.ts'
import { fromSessionRow, SESSION_COLUMNS, type SessionRow, toSessionRow } from './session-row.ts'
import { LIVE } from './sessions.ts'
import type { Writer } from './writer.ts'

type ListedRow = readonly [...SessionRow, seq: number, value: string | null, version: number | null]

/** Creates the session data in a file. */
export function createSessionData(reader: Reader, writer: Writer): SessionData {
  const find = reader.prepare<[value: string, version: number]>(
    'SELECT value, version FROM session_data WHERE seq = (SELECT seq FROM sessions WHERE id = ?)',
  )
  const data = (column: 'value' | 'version') =>
    `(SELECT ${column} FROM session_data WHERE session_data.seq = sessions.seq)`
  const columns = `${SESSION_COLUMNS}, seq, ${data('value')}, ${data('version')}`
  const filters =
    '(?4 IS NULL OR profile = ?4) AND (?5 IS NULL OR door = ?5) AND (?6 IS NULL OR label = ?6)'
  const listOwned = reader.prepare<ListedRow>(
    `SELECT ${columns} FROM sessions WHERE owner = ?1 AND seq < ?2 AND ${LIVE} ?3 AND ${filters}
     ORDER BY seq DESC LIMIT ?7`,
  )
  const listAll = reader.prepareWalk<ListedRow>(
    'sessions',
    'newest-first',
    `SELECT ${columns} FROM sessions WHERE seq BETWEEN ?1 AND ?2 AND ${LIVE} ?3 AND ${filters}
     ORDER BY seq DESC LIMIT ?7`,
  )

  return {
    async find(id) {
      const row = find.get(id)
      return row === undefined ? null : { value: row[0], version: row[1] }
    },

    save: (id, value, expectedVersion) =>
      writer.write('saveData', id, value, expectedVersion ?? null),

    put: ({ mode, record, value, expectedVersion, ...conditions }, options) =>
      writer.write(
        'putData',
        mode,
        toSessionRow(record),
        value,
        expectedVersion ?? null,
        conditions,
        toAuditRow(options?.audit),
      ),

    async list({ now, owner, profile = null, door = null, group = null, limit, after }) {
      const size = pageSize(limit)
      const start = positionOf('sessions', after)
      const rest = [now, profile, door, group]
      const rows =
        owner === undefined
          ? await listAll(start, size + 1, ...rest)
          : listOwned.all(owner, start ?? Number.MAX_SAFE_INTEGER, ...rest, size + 1)
      return cutPage(rows, {
        listing: 'sessions',
        limit: size,
        position: (row) => row[21],
        item: (row) => ({ record: fromSessionRow(row), data: dataOf(row) }),
      })
    },
  }
}

function dataOf(row: ListedRow): StoredData | null {
  const [value, version] = [row[22], row[23]]
  return value === null || version === null ? null : { value, version }
}
