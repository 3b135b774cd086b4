import type { Actor, Authenticated, SessionView } from '../../core/index.ts'
import { valuesOf } from '../../core/index.ts'
import { BackwardWriter } from './backward-writer.ts'

const writer = new BackwardWriter()

/** Encodes the answer of `WhoAmI`, with the same bytes as its generated message, which takes ten times as long. */
export function whoAmIBytes({ session, actor, impersonator }: Authenticated): Buffer {
  if (impersonator !== null) writer.message(3, impersonator, writeActor)
  writer.message(2, actor, writeActor)
  writer.message(1, session, writeSession)
  return writer.finish()
}

function writeSession(session: SessionView): void {
  writer.text(13, session.parent)
  writer.text(12, session.actsAs)
  writer.number(11, session.generation)
  writer.number(10, session.endsAt)
  writer.number(9, session.expiresAt)
  writer.number(8, session.authenticatedAt)
  writer.number(7, session.createdAt)
  writer.flag(6, session.anonymous)
  writer.texts(5, session.roles)
  writer.text(4, session.door)
  writer.text(3, session.profile)
  writer.text(2, session.owner)
  writer.text(1, session.id)
}

function writeActor(actor: Actor): void {
  writer.number(7, actor.createdAt)
  writer.flag(6, actor.anonymous)
  writer.flag(5, actor.status === 'suspended')
  writer.texts(4, actor.roles)
  writer.texts(3, valuesOf(actor.identities))
  writer.text(2, actor.name)
  writer.text(1, actor.id)
}
