import type { ActorWithCredential, EpochOptions, ManagedDirectory } from '../../core/ports/index.ts'
import { cutPage, pageSize, positionOf } from '../kit/paging.ts'
import { folded } from '../kit/text-search.ts'
import { ACTOR_COLUMNS, type ActorRow, fromActorRow, toActorRow } from './actor-row.ts'
import { toAuditRow } from './audit.ts'
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'
import type { Keep } from './writes/directory.ts'

type FoundRow = readonly [...ActorRow, epoch: number]

/** Creates a directory in a file. */
export function createDirectory(reader: Reader, writer: Writer): ManagedDirectory {
  const found = `SELECT ${ACTOR_COLUMNS}, coalesce((SELECT epoch FROM epochs WHERE owner = id), 0)
     FROM actors`
  const findById = reader.prepare<FoundRow>(`${found} WHERE id = ?`)
  const findByName = reader.prepare<FoundRow>(
    `${found} WHERE seq = (SELECT actor FROM identities WHERE identity = ? AND held_until IS NULL)`,
  )
  const findEpoch = reader.prepare<[number]>('SELECT epoch FROM epochs WHERE owner = ?')
  const walk = reader.prepareWalk<readonly [...ActorRow, seq: number]>(
    'actors',
    'oldest-first',
    `SELECT ${ACTOR_COLUMNS}, seq FROM actors
     WHERE seq BETWEEN ?1 AND ?2 AND (?3 IS NULL OR status = ?3)
       AND (?4 IS NULL OR EXISTS (SELECT 1 FROM json_each(roles) WHERE value = ?4))
       AND (?5 IS NULL OR id = ?5 OR instr(folded_name, ?6) > 0
         OR EXISTS (SELECT 1 FROM json_each(identities) WHERE instr(value ->> 'value', ?6) > 0))
     ORDER BY seq LIMIT ?7`,
  )

  function show(row: FoundRow | undefined): ActorWithCredential | null {
    if (row === undefined) return null
    return { actor: fromActorRow(row), passwordHash: row[7], epoch: row[8] }
  }

  return {
    async find(id) {
      return show(findById.get(id))
    },

    async findByIdentity(identity) {
      return show(findByName.get(identity))
    },

    create: (actor, passwordHash, options) =>
      writer.write(
        'createActor',
        toActorRow(actor, passwordHash),
        folded(actor.name),
        [...new Set(actor.identities.map(({ value }) => value))],
        toAuditRow(options?.audit),
      ),

    setPassword: (id, passwordHash, expected, options) =>
      writer.write(
        'setPassword',
        id,
        passwordHash,
        expected,
        keepOf(options),
        toAuditRow(options?.audit),
      ),

    setIdentities: (id, { name, identities, now, holdUntil = null }, expected, options) =>
      writer.write(
        'setIdentities',
        id,
        { name, foldedName: folded(name), identities, now, holdUntil },
        expected,
        toAuditRow(options?.audit),
      ),

    async update(id, { roles, status, name }, options) {
      const row = await writer.write(
        'updateActor',
        id,
        roles === undefined ? null : JSON.stringify(roles),
        status ?? null,
        name ?? null,
        name === undefined ? null : folded(name),
        keepOf(options),
        toAuditRow(options?.audit),
      )
      return row && fromActorRow(row)
    },

    delete: (id, options) =>
      writer.write('deleteActor', id, options?.holdUntil ?? null, toAuditRow(options?.audit)),

    async findEpoch(id) {
      return findEpoch.get(id)?.[0] ?? 0
    },

    raiseEpoch: (id, least) => writer.write('raiseEpoch', id, least ?? null),

    pruneHolds: ({ now, limit }) => writer.write('pruneHolds', now, limit),

    async search({ text = null, role = null, status = null, limit, after }) {
      const size = pageSize(limit)
      const start = positionOf('actors', after)
      const part = text === null ? null : folded(text)
      const rows = await walk(start, size + 1, status, role, text, part)
      return cutPage(rows, {
        listing: 'actors',
        limit: size,
        position: (row) => row[8],
        item: fromActorRow,
      })
    },
  }
}

// JSON has no undefined, so a write without an epoch change gets `false`.
function keepOf({ raiseEpoch = false, keep }: EpochOptions = {}): Keep {
  if (!raiseEpoch) return false
  return keep === 'all' ? 'all' : (keep?.session ?? null)
}
