import { z } from 'zod'
import { actorIdOf } from '../actor-id.ts'
import { type AngenCommand, defineAngenCommand } from '../command.ts'
import { utcSeconds } from '../json.ts'
import { failure, success } from '../outcome.ts'

/** The commands for messages between users. */
export const communicationCommands: readonly AngenCommand[] = [
  defineAngenCommand({
    name: 'communication/send_direct_message',
    about: 'Sends a message to every session of a user, at every door.',
    session: 'user',
    params: z.object({ to_id: z.string(), content: z.string() }),
    async run({ to_id, content }, context) {
      const { authority, connections } = context.services
      const to = await authority.actors.find(actorIdOf(to_id), context.cancellable())
      if (to === null) return failure('No user by that ID')
      const message = {
        content,
        'delivered?': false,
        inserted_at: utcSeconds(authority.now()),
        'read?': false,
        sender_id: context.session.actor.id,
        to_id: to.id,
      }
      const name = 'communication.received_direct_message'
      await connections.send(to.id, { name, data: { message } })
      return success('communication/send_direct_message')
    },
  }),
]
