import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Actor, ActorEvent, SessionListing, SessionView } from '../../core/index.ts'
import { valuesOf } from '../../core/index.ts'
import type { ActorSchema, EventSchema, SessionSchema } from '../../protocol/grpc/index.ts'

/** Returns the message of a session. */
export function sessionMessage(
  session: SessionView | SessionListing,
): MessageInitShape<typeof SessionSchema> {
  return {
    id: session.id,
    owner: session.owner,
    profile: session.profile,
    door: session.door,
    roles: [...session.roles],
    anonymous: session.anonymous,
    createdAtMs: BigInt(session.createdAt),
    authenticatedAtMs: BigInt(session.authenticatedAt),
    expiresAtMs: BigInt(session.expiresAt),
    endsAtMs: BigInt(session.endsAt),
    generation: session.generation,
    actsAs: session.actsAs ?? '',
    parent: session.parent ?? '',
    ...('client' in session && {
      lastUsedAtMs: BigInt(session.lastUsedAt),
      client: {
        address: session.client.address ?? '',
        userAgent: session.client.userAgent ?? '',
        label: session.client.label ?? '',
      },
      current: session.current,
    }),
  }
}

/** Returns the message of an actor. */
export function actorMessage(actor: Actor): MessageInitShape<typeof ActorSchema> {
  return {
    id: actor.id,
    name: actor.name,
    identities: valuesOf(actor.identities),
    roles: [...actor.roles],
    suspended: actor.status === 'suspended',
    anonymous: actor.anonymous,
    createdAtMs: BigInt(actor.createdAt),
  }
}

/** Returns the message of an event. */
export function eventMessage({ name, data }: ActorEvent): MessageInitShape<typeof EventSchema> {
  return { name, data: data === undefined ? '' : (JSON.stringify(data) ?? '') }
}
