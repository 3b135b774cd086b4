import type { DatabaseSync } from 'node:sqlite'
import type { Identity } from '../../../core/actor.ts'
import { ACTOR_COLUMNS, type ActorRow } from '../actor-row.ts'
import { prepare } from '../statement.ts'
import type { AppendAudit, AuditRow } from './audit.ts'

/** Raises an owner's epoch in the transaction of a change. */
interface OwnerEpochs {
  raiseOwnerEpoch(owner: string, to: number, keep: 'all' | string | null): void
  nextEpoch(owner: string): number
}

/**
 * The sessions that stay live when an epoch rises: all, one, or none; false if it does not rise.
 */
export type Keep = 'all' | string | null | false

/** Returns the writes of actors. */
export function directoryWrites(
  db: DatabaseSync,
  append: AppendAudit,
  { raiseOwnerEpoch, nextEpoch }: OwnerEpochs,
) {
  const findId = prepare(db, 'SELECT 1 FROM actors WHERE id = ?')
  // A hold that has ended is free, and is replaced.
  const findTaken = prepare(
    db,
    `SELECT 1 FROM identities WHERE identity = ?1 AND actor <> ?2
       AND (held_until IS NULL OR held_until > ?3)`,
  )
  const insert = prepare<[number]>(
    db,
    `INSERT INTO actors (${ACTOR_COLUMNS}, folded_name)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq`,
  )
  const insertIdentity = prepare(
    db,
    'INSERT OR REPLACE INTO identities (identity, actor, held_until) VALUES (?, ?, NULL)',
  )
  const findExpected = prepare<[number]>(
    db,
    'SELECT seq FROM actors WHERE id = ? AND identities = ?',
  )
  const freeIdentity = prepare(db, 'DELETE FROM identities WHERE identity = ? AND actor = ?')
  const holdIdentity = prepare(
    db,
    'UPDATE identities SET held_until = ? WHERE identity = ? AND actor = ?',
  )
  // Row numbers are reused, so a hold must not keep the number of a deleted actor. Zero is no actor.
  const orphanHolds = prepare(
    db,
    'UPDATE identities SET actor = 0 WHERE held_until IS NOT NULL AND actor = ?',
  )
  const removeHolds = prepare(
    db,
    `DELETE FROM identities WHERE identity IN
     (SELECT identity FROM identities WHERE held_until <= ? ORDER BY held_until LIMIT ?)`,
  )
  const findRow = prepare<[seq: number, identities: string]>(
    db,
    'SELECT seq, identities FROM actors WHERE id = ?',
  )
  const remove = prepare(db, 'DELETE FROM actors WHERE seq = ?')
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

  function giveUp(values: readonly string[], seq: number, holdUntil: number | null): void {
    for (const value of values) {
      if (holdUntil === null) freeIdentity.run(value, seq)
      else holdIdentity.run(holdUntil, value, seq)
    }
  }

  function raise(id: string, keep: Keep): void {
    if (keep !== false) raiseOwnerEpoch(id, nextEpoch(id), keep)
  }

  return {
    createActor(
      row: ActorRow,
      foldedName: string,
      identities: readonly string[],
      audit: AuditRow | null,
    ): boolean {
      if (findId.get(row[0]) !== undefined) return false
      const isTaken = (value: string) => findTaken.get(value, -1, row[6]) !== undefined
      if (identities.some(isTaken)) return false
      const seq = insert.get(...row, foldedName)?.[0] ?? null
      for (const identity of identities) insertIdentity.run(identity, seq)
      append(audit)
      return true
    },

    setPassword(
      id: string,
      hash: string,
      expected: string | null,
      keep: Keep,
      audit: AuditRow | null,
    ): boolean {
      if (setHash.run(hash, id, expected) === 0) return false
      raise(id, keep)
      append(audit)
      return true
    },

    setIdentities(
      id: string,
      next: {
        name: string
        foldedName: string
        identities: readonly Identity[]
        now: number
        holdUntil: number | null
      },
      expected: readonly Identity[],
      audit: AuditRow | null,
    ): 'ok' | 'taken' | 'changed' {
      const seq = findExpected.get(id, JSON.stringify(expected))?.[0]
      if (seq === undefined) return 'changed'
      const wanted = next.identities.map(({ value }) => value)
      if (wanted.some((value) => findTaken.get(value, seq, next.now) !== undefined)) return 'taken'
      giveUp(
        expected.map(({ value }) => value),
        seq,
        next.holdUntil,
      )
      for (const value of wanted) insertIdentity.run(value, seq)
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
      keep: Keep,
      audit: AuditRow | null,
    ): ActorRow | null {
      const row = change.get(roles, status, name, foldedName, id)
      if (row === undefined) return null
      raise(id, keep)
      append(audit)
      return row
    },

    deleteActor(id: string, holdUntil: number | null, audit: AuditRow | null): boolean {
      const row = findRow.get(id)
      if (row === undefined) return false
      const [seq, identities] = row
      const values = (JSON.parse(identities) as Identity[]).map(({ value }) => value)
      giveUp(values, seq, holdUntil)
      orphanHolds.run(seq)
      remove.run(seq)
      raise(id, null)
      append(audit)
      return true
    },

    raiseEpoch(id: string, least: number | null): number {
      const next = nextEpoch(id)
      const to = least === null ? next : Math.max(next - 1, least)
      raiseOwnerEpoch(id, to, null)
      return to
    },

    pruneHolds: (now: number, limit: number): number => removeHolds.run(now, limit),
  }
}
