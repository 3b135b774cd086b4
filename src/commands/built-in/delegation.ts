import { z } from 'zod'
import { ROLES } from '../../core/index.ts'
import { type Command, defineCommand } from '../define-command.ts'
import { introspect, introspectionShape } from './introspection.ts'
import { loggedIn, loggedInShape } from './shapes.ts'

/** The commands for impersonation and for checking a token of another client. */
export const delegationCommands: readonly Command[] = [
  defineCommand({
    name: 'session.introspect',
    about: 'Returns whether a token is valid, and its actor (RFC 7662).',
    access: [ROLES.introspect],
    session: 'own',
    params: z.strictObject({
      token: z.string().min(1).max(8192).describe('The token to check'),
      token_type_hint: z.string().max(100).optional().describe('Ignored (RFC 7662)'),
      address: z.string().max(100).optional().describe('The client’s address, for bound sessions'),
    }),
    result: introspectionShape,
    run: (params, { authority, caller }) => introspect(authority, params, caller),
  }),
  defineCommand({
    name: 'impersonation.start',
    about: 'Creates a session that acts as another actor; it ends with the current one.',
    access: [ROLES.impersonate, ROLES.admin],
    session: 'own',
    params: z.strictObject({ actor: z.string().min(1).max(254).describe('The id of the target') }),
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
