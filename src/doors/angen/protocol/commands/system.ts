import { z } from 'zod'
import { type AngenCommand, defineAngenCommand } from '../command.ts'
import { answer, failure } from '../outcome.ts'

const PONG = answer('system/pong', {})

/** The commands that need no session. */
export const systemCommands: readonly AngenCommand[] = [
  defineAngenCommand({
    name: 'system/ping',
    about: 'Answers `system/pong`, and keeps the connection from being idle.',
    session: 'none',
    params: z.object({}),
    answers: 'system/pong',
    run: () => PONG,
  }),
  defineAngenCommand({
    name: 'system/nodes',
    about: 'Lists the nodes of the server.',
    session: 'none',
    params: z.object({}),
    answers: 'system/nodes',
    run: (_given, { services }) => answer('system/nodes', { nodes: services.nodes() }),
  }),
  defineAngenCommand({
    name: 'system/integration_data',
    about: 'Always refused: integration tests of a game server call it, and this is none.',
    session: 'none',
    params: z.object({}),
    answers: 'system/integration_data',
    run: () => failure('Integration not active'),
  }),
]
