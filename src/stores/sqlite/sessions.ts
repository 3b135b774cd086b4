import type { SessionStore } from '../../core/ports/index.ts'
import { cutPage, pageSize, positionOf } from '../kit/paging.ts'
import { toAuditRow } from './audit.ts'
import type { Reader } from './reader.ts'
import { fromSessionRow, SESSION_COLUMNS, type SessionRow, toSessionRow } from './session-row.ts'
import { createWalk } from './walk.ts'
import type { Writer } from './writer.ts'

type ListedRow = readonly [...SessionRow, seq: number]

export const LIVE =
  'ended_at IS NULL AND global_epoch >= (SELECT epoch FROM global_epoch) ' +
  'AND owner_epoch >= coalesce((SELECT epoch FROM epochs WHERE epochs.owner = sessions.owner), 0) AND expires_at >'

/** Creates sessions in a file. */
export function createSessionStore(reader: Reader, writer: Writer): SessionStore {
  const findEpochs = reader.prepare<[owner: number, global: number]>(
    'SELECT coalesce((SELECT epoch FROM epochs WHERE owner = ?), 0), epoch FROM global_epoch',
  )
  const findById = reader.prepare<SessionRow>(
    `SELECT ${SESSION_COLUMNS} FROM sessions WHERE id = ?`,
  )
  const listOwned = reader.prepare<ListedRow>(
    `SELECT ${SESSION_COLUMNS}, seq FROM sessions
     WHERE owner = ?1 AND seq < ?2 AND ${LIVE} ?3
       AND (?4 IS NULL OR profile = ?4) AND (?5 IS NULL OR door = ?5) AND (?6 IS NULL OR label = ?6)
     ORDER BY seq DESC LIMIT ?7`,
  )
  const listAll = reader.prepareWalk<ListedRow>(
    'sessions',
    'newest-first',
    `SELECT ${SESSION_COLUMNS}, seq FROM sessions
     WHERE seq BETWEEN ?1 AND ?2 AND ${LIVE} ?3
       AND (?4 IS NULL OR profile = ?4) AND (?5 IS NULL OR door = ?5) AND (?6 IS NULL OR label = ?6)
     ORDER BY seq DESC LIMIT ?7`,
  )
  const pruneWalk = createWalk()
  const sealedWalk = createWalk()

  return {
    async findEpochs(owner) {
      const [ownerEpoch, global] = findEpochs.get(owner) ?? [0, 0]
      return { owner: ownerEpoch, global }
    },

    create: (record, conditions, options) =>
      writer.write('createSession', toSessionRow(record), conditions, toAuditRow(options?.audit)),

    async find(id) {
      const row = findById.get(id)
      return row === undefined ? null : fromSessionRow(row)
    },

    async load(id) {
      const row = findById.get(id)
      if (row === undefined) return null
      const [owner, global] = findEpochs.get(row[1]) ?? [0, 0]
      return { record: fromSessionRow(row), epochs: { owner, global } }
    },

    update: (record, expectedVersion, options) =>
      writer.write(
        'updateSession',
        toSessionRow(record),
        expectedVersion,
        options?.epochs ?? null,
        options?.unused ?? false,
        toAuditRow(options?.audit),
      ),

    async touch(touches) {
      if (touches.length === 0) return
      await writer.write(
        'touchSessions',
        touches.map(({ id, lastUsedAt }) => [id, lastUsedAt] as const),
      )
    },

    markUsed: (id, generation, usedAt) => writer.write('markUsed', id, generation, usedAt),

    end: (which, { now, reason }, options) =>
      writer.write('endSessions', which, now, reason, toAuditRow(options?.audit)),

    raiseGlobalEpoch: (options) => writer.write('raiseGlobalEpoch', toAuditRow(options?.audit)),

    async list({ now, owner, profile = null, door = null, group = null, limit, after }) {
      const size = pageSize(limit)
      const start = positionOf('sessions', after)
      const filters = [now, profile, door, group]
      const rows =
        owner === undefined
          ? await listAll(start, size + 1, ...filters)
          : listOwned.all(owner, start ?? Number.MAX_SAFE_INTEGER, ...filters, size + 1)
      return cutPage(rows, {
        listing: 'sessions',
        limit: size,
        position: (row) => row[21],
        item: fromSessionRow,
      })
    },

    count: ({ now, owner = null, profile = null, door = null, group = null, anonymous }) =>
      reader.snapshot(async ({ prepareWalk }) => {
        const countLive = prepareWalk<[number]>(
          'sessions',
          'newest-first',
          `SELECT count(*) FROM sessions WHERE seq BETWEEN ?1 AND ?2 AND ${LIVE} ?3
             AND (?4 IS NULL OR owner = ?4) AND (?5 IS NULL OR profile = ?5)
             AND (?6 IS NULL OR door = ?6) AND (?7 IS NULL OR label = ?7)
             AND (?8 = 0 OR anonymous_prefix IS NOT NULL) LIMIT ?9`,
        )
        const counts = await countLive(
          null,
          Number.MAX_SAFE_INTEGER,
          now,
          owner,
          profile,
          door,
          group,
          anonymous === true ? 1 : 0,
        )
        return counts.reduce((sum, [count]) => sum + count, 0)
      }),

    eraseSealed: ({ issuedBefore, limit }) =>
      sealedWalk(limit, (from, most) => writer.write('eraseSealed', from, most, issuedBefore)),

    prune: ({ before, limit }) =>
      pruneWalk(limit, (from, most) => writer.write('pruneSessions', from, most, before)),
  }
}
