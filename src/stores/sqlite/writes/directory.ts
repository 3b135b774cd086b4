import type { DatabaseSync } from 'node:sqlite'
import { ACTOR_COLUMNS, type ActorRow } from '../actor-row.ts'
import { prepare } from '../statement.ts'
import type { AppendAudit, AuditRow } from './audit.ts'

/** The writes of actors. */
export function directoryWrites(db: DatabaseSync, append: AppendAudit) {
  const findId = prepare(db, 'SELECT 1 FROM actors WHERE id = ?')
  const findIdentity = prepare(db, 'SELECT 1 FROM identities WHERE identity = ?')
  const insert = prepare<[number]>(
    db,
    `INSERT INTO actors (${ACTOR_COLUMNS}, folded_name)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq`,
  )
  const insertIdentity = prepare(db, 'INSERT INTO identities (identity, actor) VALUES (?, ?)')
  const findExpected = prepare<[number]>(
    db,
    'SELECT seq FROM actors WHERE id = ? AND identities = ?',
  )
  const findOther = prepare(db, 'SELECT 1 FROM identities WHERE identity = ? AND actor <> ?')
  const freeIdentities = prepare(
    db,
    'DELETE FROM identities WHERE identity IN (SELECT value FROM json_each(?)) AND actor = ?',
  )
  const rename = prepare(
    db,
    'UPDATE actors SET name = ?, folded_name = ?, identities = ? WHERE seq = ?',
  )
  const setHash = prepare(
    db,
    'UPDATE actors SET password_hash = ? WHERE id = ? AND password_hash IS ?',
  )
  const change = prepare<ActorRow>(
    db,
    `UPDATE actors SET roles = coalesce(?, roles), status = coalesce(?, status),
       name = coalesce(?, name), folded_name = coalesce(?, folded_name)
     WHERE id = ? RETURNING ${ACTOR_COLUMNS}`,
  )

  return {
    createActor(
      row: ActorRow,
      foldedName: string,
      identities: readonly string[],
      audit: AuditRow | null,
    ): boolean {
      if (findId.get(row[0]) !== undefined) return false
      if (identities.some((identity) => findIdentity.get(identity) !== undefined)) return false
      const seq = insert.get(...row, foldedName)?.[0] ?? null
      for (const identity of identities) insertIdentity.run(identity, seq)
      append(audit)
      return true
    },

    setPassword(
      id: string,
      hash: string,
      expected: string | null,
      audit: AuditRow | null,
    ): boolean {
      if (setHash.run(hash, id, expected) === 0) return false
      append(audit)
      return true
    },

    setIdentities(
      id: string,
      next: { name: string; foldedName: string; identities: readonly string[] },
      expected: string,
      audit: AuditRow | null,
    ): 'ok' | 'taken' | 'changed' {
      const seq = findExpected.get(id, expected)?.[0]
      if (seq === undefined) return 'changed'
      const identities = [...new Set(next.identities)]
      if (identities.some((identity) => findOther.get(identity, seq) !== undefined)) return 'taken'
      freeIdentities.run(expected, seq)
      for (const identity of identities) insertIdentity.run(identity, seq)
      rename.run(next.name, next.foldedName, JSON.stringify(next.identities), seq)
      append(audit)
      return 'ok'
    },

    updateActor(
      id: string,
      roles: string | null,
      status: string | null,
      name: string | null,
      foldedName: string | null,
      audit: AuditRow | null,
    ): ActorRow | null {
      const row = change.get(roles, status, name, foldedName, id)
      if (row === undefined) return null
      append(audit)
      return row
    },
  }
}
