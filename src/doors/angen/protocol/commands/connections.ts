import { z } from 'zod'
import type { ClientState } from '../client-states.ts'
import { type AngenCommand, type ClientContext, defineAngenCommand } from '../command.ts'
import { orderedJson } from '../json.ts'
import { answer, failure, type Outcome, success } from '../outcome.ts'

/** Returns a client state as the protocol writes it. The fields of lobbies are never set. */
function shown(id: string, state: ClientState): object {
  return {
    'afk?': state.afk,
    'bot?': state.bot,
    'connected?': true,
    id,
    'in_game?': state.inGame,
    last_disconnected: null,
    'lobby_host?': false,
    lobby_id: null,
    party_id: null,
    'player?': false,
    player_colour: null,
    player_number: null,
    'ready?': state.ready,
    sync: state.sync,
    team_number: null,
    update_id: state.updateId,
  }
}

/** Characters of JSON that a client's `sync` may have: it is kept for every actor. */
const MAX_SYNC = 4096

const update = z.object({
  'afk?': z.boolean().optional(),
  'in_game?': z.boolean().optional(),
  'ready?': z.boolean().optional(),
  sync: z.looseObject({}).optional(),
})

const FIELDS = { 'afk?': 'afk', 'in_game?': 'inGame', 'ready?': 'ready', sync: 'sync' } as const

function updateClient(given: z.input<typeof update>, context: ClientContext): Outcome {
  const { id } = context.session.actor
  const { states } = context.services
  const state = states.find(id)
  const named = Object.entries(FIELDS).filter(([key]) => Object.hasOwn(given, key))
  if (named.length === 0 || state === null) return failure('No changes')
  // Without ordered keys: ordering them recurses, which a thousand levels would overflow.
  if (given.sync !== undefined && JSON.stringify(given.sync).length > MAX_SYNC) {
    return failure('Sync is too large')
  }
  const wanted = given as Readonly<Record<string, unknown>>
  const changed = named.filter(
    ([key, field]) => orderedJson(state[field]) !== orderedJson(wanted[key]),
  )
  if (changed.length === 0) return success('connections/update_client')
  for (const [key, field] of changed) Object.assign(state, { [field]: wanted[key] })
  state.updateId++
  const changes = Object.fromEntries(changed.map(([key]) => [key, wanted[key]]))
  const told = { user_id: id, changes: { ...changes, update_id: state.updateId } }
  return success('connections/update_client', () => {
    states.tell(id, 'connections/client_updated', { ...told, reason: 'self_update' })
  })
}

/** The commands for the connection and the client state. */
export const connectionCommands: readonly AngenCommand[] = [
  defineAngenCommand({
    name: 'connections/whoami',
    about: 'Returns the user of the connection, and the state that its clients share.',
    session: 'required',
    unauthenticated: 'You are not logged in',
    params: z.object({}),
    answers: 'connections/youare',
    run(_given, context) {
      const { id, name } = context.session.actor
      const state = context.services.states.find(id)
      const client = state === null ? {} : { client: shown(id, state) }
      return answer('connections/youare', { user: { id, name }, ...client })
    },
  }),
  defineAngenCommand({
    name: 'connections/update_client',
    about: 'Changes the state that the clients of the user share, and sends it to all of them.',
    session: 'required',
    params: update,
    run: updateClient,
  }),
  defineAngenCommand({
    name: 'connections/disconnect',
    about: 'Closes this connection; the session stays valid.',
    session: 'none',
    params: z.object({}),
    run: (_given, context) => success('connections/disconnect', () => context.leave()),
  }),
]
