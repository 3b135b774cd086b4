import { isDeepStrictEqual } from 'node:util'
import type { Actor, Identity } from '../../core/actor.ts'
import type {
  ActorQuery,
  ActorWithCredential,
  EpochOptions,
  ManagedDirectory,
} from '../../core/ports/index.ts'
import { cutPage, pageSize, positionOf } from '../kit/paging.ts'
import { folded } from '../kit/text-search.ts'
import { type ActorRow, appendAudit, type Gate, type Tables } from './engine.ts'
import { raiseOwnerEpoch } from './epochs.ts'

/** Creates a directory in memory. */
export function createDirectory(tables: Tables, gate: Gate): ManagedDirectory {
  const { actors, identities } = tables

  function show(row: ActorRow | undefined): ActorWithCredential | null {
    if (row === undefined) return null
    const { id } = row.actor
    const epoch = tables.ownerEpochs.get(id) ?? 0
    return { actor: structuredClone(row.actor), passwordHash: row.passwordHash, epoch }
  }

  /** Returns whether another actor has an identity, or it is held for that actor at `now`. */
  function isTaken({ value }: Identity, id: string, now: number): boolean {
    const found = identities.get(value)
    if (found === undefined || found.actor === id) return false
    return found.heldUntil === null || found.heldUntil > now
  }

  function giveUp(given: readonly Identity[], id: string, holdUntil: number | undefined): void {
    for (const { value } of given) {
      if (holdUntil === undefined) identities.delete(value)
      else identities.set(value, { actor: id, heldUntil: holdUntil })
    }
  }

  function raise(id: string, { raiseEpoch, keep }: EpochOptions = {}): void {
    if (raiseEpoch !== true) return
    const next = (tables.ownerEpochs.get(id) ?? 0) + 1
    raiseOwnerEpoch(tables, id, next, (kept) => keep === 'all' || kept === keep?.session)
  }

  return {
    async find(id) {
      gate.check()
      return show(actors.get(id))
    },

    async findByIdentity(identity) {
      gate.check()
      const found = identities.get(identity)
      return found === undefined || found.actor === null || found.heldUntil !== null
        ? null
        : show(actors.get(found.actor))
    },

    async create(actor, passwordHash, options) {
      gate.check()
      const { id, createdAt } = actor
      if (actors.has(id)) return false
      if (actor.identities.some((identity) => isTaken(identity, id, createdAt))) return false
      actors.set(actor.id, { seq: tables.nextSeq++, actor: structuredClone(actor), passwordHash })
      for (const { value } of actor.identities)
        identities.set(value, { actor: id, heldUntil: null })
      appendAudit(tables, options?.audit)
      return true
    },

    async setPassword(id, passwordHash, expected, options) {
      gate.check()
      const row = actors.get(id)
      if (row === undefined || row.passwordHash !== expected) return false
      row.passwordHash = passwordHash
      raise(id, options)
      appendAudit(tables, options?.audit)
      return true
    },

    async setIdentities(id, { name, identities: next, now, holdUntil }, expected, options) {
      gate.check()
      const row = actors.get(id)
      if (row === undefined || !isDeepStrictEqual(row.actor.identities, expected)) return 'changed'
      if (next.some((identity) => isTaken(identity, id, now))) return 'taken'
      giveUp(expected, id, holdUntil)
      for (const { value } of next) identities.set(value, { actor: id, heldUntil: null })
      row.actor = { ...row.actor, name, identities: structuredClone(next) }
      appendAudit(tables, options?.audit)
      return 'ok'
    },

    async update(id, { roles, status, name }, options) {
      gate.check()
      const row = actors.get(id)
      if (row === undefined) return null
      row.actor = {
        ...row.actor,
        roles: roles === undefined ? row.actor.roles : [...roles],
        status: status ?? row.actor.status,
        name: name ?? row.actor.name,
      }
      raise(id, options)
      appendAudit(tables, options?.audit)
      return structuredClone(row.actor)
    },

    async delete(id, options) {
      gate.check()
      const row = actors.get(id)
      if (row === undefined) return false
      giveUp(row.actor.identities, id, options?.holdUntil)
      for (const [value, held] of identities) {
        if (held.actor === id) identities.set(value, { ...held, actor: null })
      }
      actors.delete(id)
      raise(id, { raiseEpoch: true })
      appendAudit(tables, options?.audit)
      return true
    },

    async findEpoch(id) {
      gate.check()
      return tables.ownerEpochs.get(id) ?? 0
    },

    async raiseEpoch(id, least) {
      gate.check()
      const current = tables.ownerEpochs.get(id) ?? 0
      const next = least === undefined ? current + 1 : Math.max(current, least)
      tables.ownerEpochs.set(id, next)
      return next
    },

    async pruneHolds({ now, limit }) {
      gate.check()
      const over = [...identities].filter(
        ([, { heldUntil }]) => heldUntil !== null && heldUntil <= now,
      )
      for (const [value] of over.slice(0, limit)) identities.delete(value)
      return Math.min(over.length, limit)
    },

    async search(query) {
      gate.check()
      const limit = pageSize(query.limit)
      const after = positionOf('actors', query.after) ?? 0
      const rows: ActorRow[] = []
      for (const row of actors.values()) {
        if (rows.length > limit) break
        if (row.seq > after && matches(row.actor, query)) rows.push(row)
      }
      return cutPage(rows, {
        listing: 'actors',
        limit,
        position: (row) => row.seq,
        item: (row) => structuredClone(row.actor),
      })
    },
  }
}

function matches(actor: Actor, { text, role, status }: ActorQuery): boolean {
  if (role !== undefined && !actor.roles.includes(role)) return false
  if (status !== undefined && actor.status !== status) return false
  if (text === undefined || actor.id === text) return true
  const part = folded(text)
  const names = [actor.name, ...actor.identities.map(({ value }) => value)]
  return names.some((name) => folded(name).includes(part))
}
