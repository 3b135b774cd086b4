import { isDeepStrictEqual } from 'node:util'
import type { Actor } from '../../core/actor.ts'
import type { ActorQuery, ActorWithCredential, ManagedDirectory } from '../../core/ports/index.ts'
import { cutPage, pageSize, positionOf } from '../kit/paging.ts'
import { folded } from '../kit/text-search.ts'
import { type ActorRow, appendAudit, type Gate, type Tables } from './engine.ts'

/** Actors in memory. */
export function createDirectory(tables: Tables, gate: Gate): ManagedDirectory {
  const { actors, identities } = tables

  function show(row: ActorRow | undefined): ActorWithCredential | null {
    if (row === undefined) return null
    return { actor: structuredClone(row.actor), passwordHash: row.passwordHash }
  }

  return {
    async find(id) {
      gate.check()
      return show(actors.get(id))
    },

    async findByIdentity(identity) {
      gate.check()
      const id = identities.get(identity)
      return id === undefined ? null : show(actors.get(id))
    },

    async create(actor, passwordHash, options) {
      gate.check()
      const wanted = new Set(actor.identities)
      if (actors.has(actor.id) || [...wanted].some((identity) => identities.has(identity))) {
        return false
      }
      actors.set(actor.id, { seq: tables.nextSeq++, actor: structuredClone(actor), passwordHash })
      for (const identity of wanted) identities.set(identity, actor.id)
      appendAudit(tables, options?.audit)
      return true
    },

    async setPassword(id, passwordHash, expected, options) {
      gate.check()
      const row = actors.get(id)
      if (row === undefined || row.passwordHash !== expected) return false
      row.passwordHash = passwordHash
      appendAudit(tables, options?.audit)
      return true
    },

    async setIdentities(id, { name, identities: next }, expected, options) {
      gate.check()
      const row = actors.get(id)
      if (row === undefined || !isDeepStrictEqual(row.actor.identities, expected)) return 'changed'
      if (next.some((identity) => (identities.get(identity) ?? id) !== id)) return 'taken'
      for (const identity of expected) identities.delete(identity)
      for (const identity of next) identities.set(identity, id)
      row.actor = { ...row.actor, name, identities: [...next] }
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
      appendAudit(tables, options?.audit)
      return structuredClone(row.actor)
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
  return [actor.name, ...actor.identities].some((name) => folded(name).includes(part))
}
