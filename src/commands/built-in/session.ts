import { z } from 'zod'
import { type Command, defineCommand } from '../define-command.ts'
import {
  actorShape,
  defined,
  endedCount,
  endedShape,
  loggedIn,
  loggedInShape,
  page,
  pageOf,
  sessionListingShape,
  whoAmIShape,
} from './shapes.ts'

const label = z.string().max(100).optional().describe('The owner’s name for the session')
const password = z.string().min(1).max(8192).describe('The password in clear text')

/** The session commands for every actor. */
export const sessionCommands: readonly Command[] = [
  defineCommand({
    name: 'actors.create',
    about: 'Registers an actor.',
    access: ['*'],
    params: z.strictObject({
      name: z.string().min(1).max(254).describe('The display name and user name, without an @'),
      password,
      email: z.string().max(254).optional().describe('An e-mail address to log in with'),
      invitation: z.string().min(1).max(100).optional().describe('A one-time code'),
    }),
    result: z.strictObject({ actor: actorShape.describe('The new actor') }),
    async run(params, { authority, caller }) {
      const outcome = await authority.actors.register(defined(params), caller)
      return outcome.ok ? { actor: outcome.actor } : outcome
    },
  }),
  defineCommand({
    name: 'session.login',
    about: 'Verifies a password and creates a session; the current session, if any, ends.',
    access: ['*'],
    params: z.strictObject({
      identity: z.string().min(1).max(254).describe('A user name or an e-mail address'),
      password,
      profile: z.enum(['web', 'device']).optional().describe('`web` by default'),
      label,
      endSession: z
        .string()
        .max(100)
        .optional()
        .describe('The id of a session to end, from the answer session_limit'),
    }),
    result: loggedInShape,
    async run(params, { authority, caller, current }) {
      return loggedIn(await authority.login({ ...defined(params), replaces: current }, caller))
    },
  }),
  defineCommand({
    name: 'session.loginAnonymous',
    about: 'Creates an anonymous session.',
    access: ['*'],
    params: z.strictObject({ label }),
    result: loggedInShape,
    async run(params, { authority, caller }) {
      return loggedIn(await authority.sessions.loginAnonymous(defined(params), caller))
    },
  }),
  defineCommand({
    name: 'session.get',
    about: 'Returns the current session and its actor.',
    access: ['*'],
    session: 'required',
    params: z.strictObject({}),
    result: whoAmIShape,
    run(_params, { current }) {
      if (current === null) return null
      const { session, actor, impersonator } = current
      return { session, actor, ...(impersonator === null ? {} : { impersonator }) }
    },
  }),
  defineCommand({
    name: 'session.renew',
    about: 'Exchanges a renewal code for the next token and code; a retry returns the same.',
    access: ['*'],
    params: z.strictObject({ renewal: z.string().min(1).max(4096).describe('The renewal code') }),
    result: loggedInShape,
    async run({ renewal }, { authority, caller }) {
      return loggedIn(await authority.renew(renewal, caller))
    },
  }),
  defineCommand({
    name: 'session.stepUp',
    about: 'Verifies the password again and rotates the token; the old one is invalid at once.',
    access: ['*'],
    session: 'own',
    params: z.strictObject({ password }),
    result: loggedInShape,
    async run(params, { authority, caller, current }) {
      if (current === null) return null
      return loggedIn(await authority.stepUp(current, params, caller))
    },
  }),
  defineCommand({
    name: 'session.logout',
    about: 'Ends the current session.',
    access: ['*'],
    session: 'required',
    params: z.strictObject({}),
    async run(_params, { authority, caller, current }) {
      if (current !== null) await authority.logout(current, caller)
      return null
    },
  }),
  defineCommand({
    name: 'sessions.list',
    about: 'Lists the actor’s live sessions, newest first.',
    access: ['*'],
    session: 'own',
    params: z.strictObject(page),
    result: pageOf('sessions', sessionListingShape),
    async run(params, { authority, caller, current, actor }) {
      const query = { ...defined(params), owner: actor.id, current: current?.session.id ?? '' }
      const { items, next } = await authority.sessions.list(query, caller)
      return { sessions: items, ...(next === undefined ? {} : { next }) }
    },
  }),
  defineCommand({
    name: 'sessions.end',
    about: 'Ends one of the actor’s sessions.',
    access: ['*'],
    session: 'own',
    params: z.strictObject({ id: z.string().max(100).describe('The id of the session') }),
    async run({ id }, { authority, caller, actor }) {
      const which = { id, owner: actor.id }
      const outcome = await authority.sessions.endOne(which, { ...caller, by: actor.id })
      return outcome.ok ? null : outcome
    },
  }),
  defineCommand({
    name: 'sessions.endOthers',
    about: 'Ends all sessions of the actor except the current one.',
    access: ['*'],
    session: 'own',
    params: z.strictObject({}),
    result: endedShape,
    async run(_params, { authority, caller, current, actor }) {
      const which = { owner: actor.id, ...(current === null ? {} : { except: current.session.id }) }
      return endedCount(await authority.sessions.end(which, { ...caller, by: actor.id }))
    },
  }),
  defineCommand({
    name: 'password.change',
    about: 'Changes the actor’s password, and by default ends its other sessions.',
    access: ['*'],
    session: 'own',
    params: z.strictObject({
      current: password.describe('The present password'),
      next: password.describe('The new password'),
      sessions: z
        .enum(['keep', 'revoke-others', 'revoke-all'])
        .default('revoke-others')
        .describe('What happens to the sessions of the actor'),
    }),
    async run(params, { authority, caller, current, actor }) {
      const outcome = await authority.credentials.changePassword(
        {
          actorId: actor.id,
          currentPassword: params.current,
          next: params.next,
          sessions: params.sessions,
          ...(current === null ? {} : { current: current.session.id }),
        },
        caller,
      )
      return outcome.ok ? null : outcome
    },
  }),
]
