import { z } from 'zod'
import { ROLES } from '../../core/index.ts'
import { type Command, defineCommand } from '../define-command.ts'
import { defined } from './shapes.ts'

const access = [ROLES.admin]
const session = 'fresh'
const id = z.string().min(1).max(58).describe('The client_id')
const grants = z.array(z.enum(['device_code', 'refresh_token'])).max(2)
const profile = z.enum(['agent', 'web', 'device'])
const roles = z.array(z.string().min(1).max(64)).max(64).nullable()

const clientShape = z
  .strictObject({
    id,
    name: z.string().describe('The name shown for an approval'),
    grants: grants.describe('The grants that the client may use'),
    profile: profile.describe('The profile of the client’s sessions'),
    format: z.string().describe('The format of the client’s tokens'),
    roles: roles.describe('The most roles that its sessions have; null for no limit'),
    introspect: z.boolean().describe('Whether the client may introspect tokens'),
    confidential: z.boolean().describe('Whether the client must present a secret'),
    configured: z.boolean().describe('Whether the client is in the configuration'),
  })
  .meta({ id: 'OAuthClient' })

/** The commands for the clients of the OAuth endpoints. */
export const clientCommands: readonly Command[] = [
  defineCommand({
    name: 'admin.clients.list',
    about: 'Lists the OAuth clients, those of the configuration first.',
    access,
    session,
    params: z.strictObject({}),
    result: z.strictObject({ clients: z.array(clientShape).describe('The clients') }),
    run: async (_params, { authority, caller }) => ({
      clients: [...(await authority.clients.list(caller))],
    }),
  }),
  defineCommand({
    name: 'admin.clients.register',
    about: 'Registers an OAuth client; the secret of a confidential one is shown only this once.',
    access,
    session,
    params: z.strictObject({
      id,
      name: z.string().max(100).optional().describe('The name shown for an approval'),
      grants: grants.optional().describe('Both by default'),
      profile: profile.optional().describe('`device` by default'),
      format: z.string().max(100).optional().describe('`native` by default'),
      roles: roles.optional().describe('The most roles of its sessions: `["user"]` by default'),
      introspect: z.boolean().optional().describe('Whether the client may introspect tokens'),
      confidential: z.boolean().optional().describe('Whether the client gets a secret'),
    }),
    result: z.strictObject({
      client: clientShape.describe('The registered client'),
      secret: z.string().nullable().describe('The secret of a confidential client'),
    }),
    async run(params, { authority, caller, actor }) {
      const made = await authority.clients.register(defined(params), { ...caller, by: actor.id })
      return made.ok ? { client: made.client, secret: made.secret } : made
    },
  }),
  defineCommand({
    name: 'admin.clients.remove',
    about: 'Removes an OAuth client and ends its sessions.',
    access,
    session,
    params: z.strictObject({ id }),
    result: z.strictObject({ ended: z.int().describe('How many sessions ended') }),
    async run(params, { authority, caller, actor }) {
      const removed = await authority.clients.remove(params.id, { ...caller, by: actor.id })
      return removed.ok ? { ended: removed.ended } : removed
    },
  }),
]
