import { z } from 'zod'
import type { SessionListing } from '../../../../core/index.ts'
import { type AngenCommand, type ClientContext, defineAngenCommand } from '../command.ts'
import { utcSeconds } from '../json.ts'
import { answer, type Outcome, refused, success } from '../outcome.ts'

function listed(listing: SessionListing): object {
  return {
    id: listing.id,
    profile: listing.profile,
    door: listing.door,
    address: listing.client.address,
    user_agent: listing.client.userAgent,
    label: listing.client.label,
    created_at: utcSeconds(listing.createdAt),
    last_used_at: utcSeconds(listing.lastUsedAt),
    expires_at: utcSeconds(listing.expiresAt),
    current: listing.current,
  }
}

const user = ({ id, name }: { readonly id: string; readonly name: string }) => ({ id, name })

async function list(
  { limit = 100, after }: { limit?: number | undefined; after?: string | undefined },
  context: ClientContext,
): Promise<Outcome> {
  const { session } = context.session
  const { items, next } = await context.services.authority.sessions.list(
    {
      owner: session.owner,
      current: session.id,
      limit: Math.min(Math.max(limit, 1), 1000),
      ...(after === undefined ? {} : { after }),
    },
    context.cancellable(),
  )
  const sessions = items.map(listed)
  return answer('sessions/list', { sessions, ...(next === undefined ? {} : { next }) })
}

/** The largest number of connections in an answer. */
const MAX_CONNECTIONS = 1000

/** The commands for a user's own sessions. The original has none. */
export const sessionCommands: readonly AngenCommand[] = [
  defineAngenCommand({
    name: 'sessions/current',
    about: 'Returns the session of the connection.',
    session: 'required',
    params: z.object({}),
    answers: 'sessions/current',
    run(_given, context) {
      const { session, actor, impersonator } = context.session
      const { id, profile, door, expiresAt } = session
      return answer('sessions/current', {
        session: { id, profile, door, expires_at: utcSeconds(expiresAt) },
        user: user(actor),
        ...(impersonator === null ? {} : { impersonator: user(impersonator) }),
      })
    },
  }),
  defineAngenCommand({
    name: 'sessions/list',
    about: 'Lists the user’s live sessions, newest first.',
    session: 'own',
    params: z.object({
      limit: z.int().optional().describe('1 to 1000, 100 by default'),
      after: z.string().optional().describe('The `next` of the page before'),
    }),
    answers: 'sessions/list',
    run: list,
  }),
  defineAngenCommand({
    name: 'sessions/revoke',
    about:
      'Ends one of the user’s sessions and its connections; for the current one it is a logout.',
    session: 'own',
    endsSession: true,
    params: z.object({ id: z.string() }),
    async run({ id }, context) {
      const { authority } = context.services
      const { session } = context.session
      if (id === session.id) await authority.logout(context.session, context.caller())
      else {
        const which = { id, owner: session.owner }
        const by = { ...context.caller(), by: session.owner }
        const outcome = await authority.sessions.endOne(which, by)
        if (!outcome.ok) return refused(outcome, { not_found: 'No session by that ID' })
      }
      return success('sessions/revoke')
    },
  }),
  defineAngenCommand({
    name: 'sessions/revoke_others',
    about: 'Ends every session of the user except the current one.',
    session: 'own',
    params: z.object({}),
    async run(_given, context) {
      const { id, owner } = context.session.session
      const which = { owner, except: id }
      await context.services.authority.sessions.end(which, { ...context.caller(), by: owner })
      return success('sessions/revoke_others')
    },
  }),
  defineAngenCommand({
    name: 'sessions/connections',
    about: 'Lists the user’s open connections to this server, the 1,000 oldest at most.',
    session: 'own',
    params: z.object({}),
    answers: 'sessions/connections',
    run(_given, context) {
      const { id, owner } = context.session.session
      const open = context.services.connections.list(owner).slice(0, MAX_CONNECTIONS)
      const connections = open.map((connection) => ({
        id: connection.id,
        door: connection.door,
        session_id: connection.current.session.id,
        opened_at: utcSeconds(connection.openedAt),
        current: connection.current.session.id === id,
      }))
      return answer('sessions/connections', { connections })
    },
  }),
]
