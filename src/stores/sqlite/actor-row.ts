import type { Actor, ActorStatus } from '../../core/actor.ts'

/** The columns of an actor, in the order of {@link ActorRow}. */
export const ACTOR_COLUMNS =
  'id, name, identities, roles, status, anonymous, created_at, password_hash'

/** An actor as a table row; identities and roles are JSON. */
export type ActorRow = readonly [
  id: string,
  name: string,
  identities: string,
  roles: string,
  status: ActorStatus,
  anonymous: number,
  createdAt: number,
  passwordHash: string | null,
]

/** Returns the row of an actor. */
export function toActorRow(actor: Actor, passwordHash: string | null): ActorRow {
  return [
    actor.id,
    actor.name,
    JSON.stringify(actor.identities),
    JSON.stringify(actor.roles),
    actor.status,
    actor.anonymous ? 1 : 0,
    actor.createdAt,
    passwordHash,
  ]
}

/** Returns the actor of a row. */
export function fromActorRow(row: readonly [...ActorRow, ...unknown[]]): Actor {
  return {
    id: row[0],
    name: row[1],
    identities: JSON.parse(row[2]),
    roles: JSON.parse(row[3]),
    status: row[4],
    anonymous: row[5] === 1,
    createdAt: row[6],
  }
}
