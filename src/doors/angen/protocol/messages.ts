import { z } from 'zod'

const uuid = z.string().describe('UUID; an application with ids of its own uses those')
const time = z.string().describe('UTC: 2026-01-31T12:00:00Z')

const user = z.object({ id: uuid, name: z.string() })
const client = z.object({
  'afk?': z.boolean(),
  'bot?': z.boolean(),
  'connected?': z.boolean(),
  id: uuid,
  'in_game?': z.boolean(),
  last_disconnected: z.string().nullable(),
  'lobby_host?': z.boolean(),
  lobby_id: z.string().nullable(),
  party_id: z.string().nullable(),
  'player?': z.boolean(),
  player_colour: z.string().nullable(),
  player_number: z.int().nullable(),
  'ready?': z.boolean(),
  sync: z.looseObject({}).nullable(),
  team_number: z.int().nullable(),
  update_id: z.int(),
})
const session = z.object({
  id: z.string().describe('Public handle: not a secret, and no token can be made of it'),
  profile: z.string(),
  door: z.string(),
  address: z.string().nullable(),
  user_agent: z.string().nullable(),
  label: z.string().nullable(),
  created_at: time,
  last_used_at: time,
  expires_at: time,
  current: z.boolean(),
})

/** The schemas of every message of the server, by name, without those of the application. */
export const MESSAGES: Readonly<Record<string, z.ZodType>> = {
  'system/success': z.object({ command: z.string() }),
  'system/failure': z.object({
    command: z.string(),
    reason: z.string(),
    retry_after: z.int().min(1).optional().describe('Seconds'),
    code: z.string().optional().describe('With `details`, and from commands of the application'),
    issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    why: z.string().optional().describe('Why a session ended; with `details`'),
  }),
  'system/error': z.object({ reason: z.string() }),
  'system/pong': z.object({}),
  'system/nodes': z.object({ nodes: z.array(z.string()) }),
  'system/integration_data': z.object({ bots: z.array(user) }),
  'auth/token': z.object({
    token: z.object({
      user_id: uuid,
      identifier_code: z.string(),
      renewal_code: z.string(),
      expires_at: time,
    }),
  }),
  'auth/logged_in': z.object({ user }),
  'account/registered': z.object({ user }),
  'account/user_list': z.object({ users: z.array(user) }),
  'connections/youare': z.object({ user, client: client.optional() }),
  'connections/client_updated': z.object({
    user_id: uuid,
    changes: client.partial(),
    reason: z.string(),
  }),
  'communication/received_direct_message': z.object({
    message: z.object({
      content: z.string(),
      'delivered?': z.boolean().optional(),
      inserted_at: time,
      'read?': z.boolean().optional(),
      sender_id: uuid,
      to_id: uuid,
    }),
  }),
  'sessions/current': z.object({
    session: z.object({ id: z.string(), profile: z.string(), door: z.string(), expires_at: time }),
    user,
    impersonator: user.optional(),
  }),
  'sessions/list': z.object({ sessions: z.array(session), next: z.string().optional() }),
  'sessions/connections': z.object({
    connections: z.array(
      z.object({
        id: z.int(),
        door: z.string(),
        session_id: z.string(),
        opened_at: time,
        current: z.boolean().describe('Whether it stands on the session that asks'),
      }),
    ),
  }),
  'sessions/ended': z.object({
    reason: z.string().describe('revoked, password_changed, logged_out, evicted, expired …'),
    session_id: z.string(),
  }),
}
