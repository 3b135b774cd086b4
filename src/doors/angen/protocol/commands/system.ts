import { z } from 'zod'
import { type AngenCommand, defineAngenCommand } from '../command.ts'
import { answer, failure } from '../outcome.ts'

const PONG = answer('system/pong', {})

/** What anybody may ask of the server. */
export const systemCommands: readonly AngenCommand[] = [
  defineAngenCommand({
    name: 'system/ping',
    about: 'Says that the client is there, and asks whether the server is.',
    session: 'none',
    params: z.object({}),
    answers: 'system/pong',
    run: () => PONG,
  }),
  defineAngenCommand({
    name: 'system/nodes',
    about: 'The nodes of the server.',
    session: 'none',
    params: z.object({}),
    answers: 'system/nodes',
    run: (_given, { services }) => answer('system/nodes', { nodes: services.nodes() }),
  }),
  defineAngenCommand({
    name: 'system/integration_data',
    about: 'What integration tests of a game server ask for; there is none here.',
    session: 'none',
    params: z.object({}),
    answers: 'system/integration_data',
    run: () => failure('Integration not active'),
  }),
]
