import type { Insertable, Selectable } from 'kysely'
import type { Actor, Identity } from '../../core/actor.ts'
import { folded } from '../kit/text-search.ts'
import type { ActorTable } from './tables.ts'

/** An actor as a table row. */
export type ActorRow = Selectable<ActorTable>

/** Returns the columns of identities. */
export function identityColumns(identities: readonly Identity[]) {
  return {
    identities: JSON.stringify(identities),
    folded_identities: identities.map(({ value }) => `\n${value}`).join(''),
  }
}

/** Returns the row of an actor. */
export function toActorRow(actor: Actor, passwordHash: string | null): Insertable<ActorTable> {
  return {
    ...identityColumns(actor.identities),
    id: actor.id,
    name: actor.name,
    folded_name: folded(actor.name),
    roles: [...actor.roles],
    status: actor.status,
    anonymous: actor.anonymous,
    created_at: actor.createdAt,
    password_hash: passwordHash,
  }
}

/** Returns the actor of a row. */
export function fromActorRow(row: ActorRow): Actor {
  return {
    id: row.id,
    name: row.name,
    identities: JSON.parse(row.identities),
    roles: row.roles,
    status: row.status,
    anonymous: row.anonymous,
    createdAt: row.created_at,
  }
}
