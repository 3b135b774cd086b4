import type { ActorWithCredential, ManagedDirectory } from '../../core/ports/index.ts'
import { cutPage, pageSize, positionOf } from '../kit/paging.ts'
import { folded } from '../kit/text-search.ts'
import { ACTOR_COLUMNS, type ActorRow, fromActorRow, toActorRow } from './actor-row.ts'
import { toAuditRow } from './audit.ts'
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

/** Actors in a file. */
export function createDirectory(reader: Reader, writer: Writer): ManagedDirectory {
  const findById = reader.prepare<ActorRow>(`SELECT ${ACTOR_COLUMNS} FROM actors WHERE id = ?`)
  const findByName = reader.prepare<ActorRow>(
    `SELECT ${ACTOR_COLUMNS} FROM actors
     WHERE seq = (SELECT actor FROM identities WHERE identity = ?)`,
  )
  const walk = reader.prepareWalk<readonly [...ActorRow, seq: number]>(
    'actors',
    'oldest-first',
    `SELECT ${ACTOR_COLUMNS}, seq FROM actors
     WHERE seq BETWEEN ?1 AND ?2 AND (?3 IS NULL OR status = ?3)
       AND (?4 IS NULL OR EXISTS (SELECT 1 FROM json_each(roles) WHERE value = ?4))
       AND (?5 IS NULL OR id = ?5 OR instr(folded_name, ?6) > 0
         OR EXISTS (SELECT 1 FROM json_each(identities) WHERE instr(value, ?6) > 0))
     ORDER BY seq LIMIT ?7`,
  )

  function show(row: ActorRow | undefined): ActorWithCredential | null {
    return row === undefined ? null : { actor: fromActorRow(row), passwordHash: row[7] }
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
        [...new Set(actor.identities)],
        toAuditRow(options?.audit),
      ),

    setPassword: (id, passwordHash, expected, options) =>
      writer.write('setPassword', id, passwordHash, expected, toAuditRow(options?.audit)),

    setIdentities: (id, { name, identities }, expected, options) =>
      writer.write(
        'setIdentities',
        id,
        { name, foldedName: folded(name), identities },
        JSON.stringify(expected),
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
        toAuditRow(options?.audit),
      )
      return row && fromActorRow(row)
    },

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
