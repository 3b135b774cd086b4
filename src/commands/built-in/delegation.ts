import { z } from 'zod'
import { ROLES } from '../../core/index.ts'
import { type Command, defineCommand } from '../define-command.ts'
import { loggedIn, loggedInShape } from './shapes.ts'

const introspection = z
  .strictObject({
    active: z.boolean(),
    sub: z.string().optional(),
    username: z.string().optional(),
    scope: z.string().optional(),
    token_type: z.string().optional(),
    exp: z.int().optional(),
    iat: z.int().optional(),
    auth_time: z.int().optional(),
    sid: z.string().optional(),
    act: z.strictObject({ sub: z.string() }).optional(),
  })
  .meta({ id: 'Introspection' })

/** The commands for impersonation and for checking a token of another client. */
export const delegationCommands: readonly Command[] = [
  defineCommand({
    name: 'session.introspect',
    about: 'Returns whether a token is valid, and its actor (RFC 7662).',
    access: [ROLES.introspect],
    session: 'own',
    params: z.strictObject({
      token: z.string().min(1).max(8192),
      token_type_hint: z.string().max(100).optional(),
      address: z.string().max(100).optional().describe('The client’s address, for bound sessions'),
    }),
    result: introspection,
    async run({ token, address }, { authority, caller }) {
      const { now, signal } = caller
      const check = await authority.authenticate(token, {
        ...(now === undefined ? {} : { now }),
        signal,
        door: 'introspection',
        address: address ?? null,
      })
      if (!check.ok) return check.code === 'unavailable' ? check : { active: false }
      const { session, actor, impersonator } = check
      return {
        active: true,
        sub: actor.id,
        username: actor.name,
        scope: session.roles.join(' '),
        token_type: 'Bearer',
        exp: Math.floor(session.expiresAt / 1000),
        iat: Math.floor(session.createdAt / 1000),
        auth_time: Math.floor(session.authenticatedAt / 1000),
        sid: session.id,
        ...(impersonator === null ? {} : { act: { sub: impersonator.id } }),
      }
    },
  }),
  defineCommand({
    name: 'impersonation.start',
    about: 'Creates a session that acts as another actor; it ends with the current one.',
    access: [ROLES.impersonate, ROLES.admin],
    session: 'own',
    params: z.strictObject({ actor: z.string().min(1).max(254) }),
    result: loggedInShape,
    async run({ actor }, { authority, caller, current }) {
      if (current === null) return null
      return loggedIn(await authority.sessions.impersonate(current, actor, caller))
    },
  }),
  defineCommand({
    name: 'impersonation.stop',
    about: 'Ends the impersonation; its parent session continues.',
    access: ['*'],
    session: 'required',
    params: z.strictObject({}),
    async run(_params, { authority, caller, current }) {
      if (current === null) return null
      const outcome = await authority.sessions.stopImpersonating(current, caller)
      return outcome.ok ? null : outcome
    },
  }),
]
