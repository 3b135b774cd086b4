import { z } from 'zod'
import { isSettingName, LatchkeyError, ROLES, type SettingName } from '../../core/index.ts'
import { type Command, defineCommand } from '../define-command.ts'
import {
  actorShape,
  auditEntryShape,
  defined,
  endedCount,
  endedShape,
  found,
  loggedIn,
  loggedInShape,
  page,
  pageOf,
  sessionListingShape,
} from './shapes.ts'

const access = [ROLES.admin]
const session = 'fresh'
const id = z.string().min(1).max(254).describe('The id of the actor')
const roles = z.array(z.string().min(1).max(64)).max(64).describe('The roles of the actor')
const settingName = z.string().max(100).describe('The name of the setting')
const nextKey = z.strictObject({
  kid: z.string().describe('The id of the new key'),
  signsFrom: z.int().describe('From when it signs, in epoch milliseconds'),
})
const actorResult = z.strictObject({ actor: actorShape.describe('The actor') })

/** An actor exported from another system, a parameter of `admin.actors.import`. */
const importedActor = z.strictObject({
  id: z.guid().optional().describe('A new UUID by default'),
  name: z.string().min(1).max(254).describe('The display name and user name'),
  email: z.string().max(254).optional().describe('An e-mail address to log in with'),
  passwordHash: z.string().max(4096).nullable().optional().describe('A hash of another system'),
  roles: roles.optional().describe('`["user"]` by default'),
  status: z.enum(['active', 'suspended']).optional().describe('`active` by default'),
  createdAt: z.int().min(0).optional().describe('Epoch milliseconds; now by default'),
})

interface ImportOutcome {
  readonly id?: string
  readonly code: string
  readonly message?: string
  readonly reason?: string
}

const actorCommands: readonly Command[] = [
  defineCommand({
    name: 'admin.actors.search',
    about: 'Lists actors, oldest first, by part of a name or identity, role or status.',
    access,
    session,
    params: z.strictObject({
      text: z.string().max(254).optional().describe('Part of a name or an identity, or an id'),
      role: z.string().max(64).optional().describe('Only actors with this role'),
      status: z.enum(['active', 'suspended']).optional().describe('Only actors with this status'),
      ...page,
    }),
    result: pageOf('actors', actorShape),
    async run(params, { authority, caller }) {
      const { items, next } = await authority.actors.search(defined(params), caller)
      return { actors: items, ...(next === undefined ? {} : { next }) }
    },
  }),
  defineCommand({
    name: 'admin.actors.get',
    about: 'Returns one actor.',
    access,
    session,
    params: z.strictObject({ id }),
    result: actorResult,
    async run(params, { authority, caller }) {
      return found(await authority.actors.find(params.id, caller))
    },
  }),
  defineCommand({
    name: 'admin.actors.suspend',
    about: 'Suspends an actor: its sessions end at once and it cannot log in.',
    access,
    session,
    params: z.strictObject({ id }),
    result: actorResult,
    async run(params, { authority, caller, actor }) {
      return found(await authority.actors.suspend(params.id, { ...caller, by: actor.id }))
    },
  }),
  defineCommand({
    name: 'admin.actors.restore',
    about: 'Allows a suspended actor to log in again.',
    access,
    session,
    params: z.strictObject({ id }),
    result: actorResult,
    async run(params, { authority, caller, actor }) {
      return found(await authority.actors.restore(params.id, { ...caller, by: actor.id }))
    },
  }),
  defineCommand({
    name: 'admin.actors.setRoles',
    about: 'Replaces an actor’s roles; removing one takes effect at the next check.',
    access,
    session,
    params: z.strictObject({ id, roles }),
    result: actorResult,
    async run(params, { authority, caller, actor }) {
      return found(
        await authority.actors.setRoles(params.id, params.roles, { ...caller, by: actor.id }),
      )
    },
  }),
  defineCommand({
    name: 'admin.actors.import',
    about:
      'Adds actors with password hashes made by another system; each line has its own outcome.',
    access,
    session,
    params: z.strictObject({
      actors: z.array(importedActor).min(1).max(200).describe('The actors to add'),
    }),
    result: z.strictObject({
      outcomes: z
        .array(
          z.strictObject({
            id: z.string().optional().describe('The id of the added actor'),
            code: z.string().describe('`ok`, or the code of the refusal'),
            message: z.string().optional().describe('Why it was refused'),
            reason: z
              .literal('same_record')
              .optional()
              .describe('The same record was imported before'),
          }),
        )
        .describe('One outcome for each actor, in the same order'),
    }),
    async run(params, { authority, caller, actor }) {
      const imported = await Promise.all(
        params.actors.map((line) =>
          authority.actors.import(defined(line), { ...caller, by: actor.id }),
        ),
      )
      return {
        outcomes: imported.map((outcome): ImportOutcome => {
          if (outcome.ok) return { id: outcome.actor.id, code: 'ok' }
          const { code, message, reason } = outcome
          return { code, message, ...(reason === undefined ? {} : { reason }) }
        }),
      }
    },
  }),
]

const sessionCommands: readonly Command[] = [
  defineCommand({
    name: 'admin.sessions.search',
    about: 'Lists live sessions, newest first.',
    access,
    session,
    params: z.strictObject({
      owner: z.string().max(254).optional().describe('Only sessions of this actor'),
      profile: z.string().max(64).optional().describe('Only sessions of this profile'),
      door: z.string().max(64).optional().describe('Only sessions created at this door'),
      ...page,
    }),
    result: pageOf('sessions', sessionListingShape),
    async run(params, { authority, caller, current }) {
      const query = { ...defined(params), current: current?.session.id ?? '' }
      const { items, next } = await authority.sessions.list(query, caller)
      return { sessions: items, ...(next === undefined ? {} : { next }) }
    },
  }),
  defineCommand({
    name: 'admin.sessions.end',
    about: 'Ends one session of any actor.',
    access,
    session,
    params: z.strictObject({ id: id.describe('The id of the session') }),
    async run({ id }, { authority, caller, actor }) {
      const outcome = await authority.sessions.endOne({ id }, { ...caller, by: actor.id })
      return outcome.ok ? null : outcome
    },
  }),
  defineCommand({
    name: 'admin.sessions.endAll',
    about: 'Ends every session of an actor.',
    access,
    session,
    params: z.strictObject({ owner: id }),
    result: endedShape,
    async run({ owner }, { authority, caller, actor }) {
      const options = { ...caller, by: actor.id }
      const ended = await authority.sessions.end({ owner, raiseEpoch: true }, options)
      if (ended.length > 0) return endedCount(ended)
      found(await authority.actors.find(owner, caller))
      return endedCount(ended)
    },
  }),
  defineCommand({
    name: 'admin.lockAll',
    about: 'Ends every session of every actor, including the current one.',
    access,
    session,
    params: z.strictObject({}),
    result: z.strictObject({ epoch: z.int().describe('The new global epoch') }),
    async run(_params, { authority, caller, actor }) {
      return { epoch: await authority.sessions.lockAll({ ...caller, by: actor.id }) }
    },
  }),
]

const registryCommands: readonly Command[] = [
  defineCommand({
    name: 'admin.claim',
    about: 'Registers the first administrator, with the one-time code that the server printed.',
    access: ['*'],
    params: z.strictObject({
      code: z.string().min(1).max(100).describe('The code that the server printed'),
      name: z.string().min(1).max(254).describe('The display name and user name'),
      password: z.string().min(1).max(8192).describe('The password in clear text'),
      email: z.string().max(254).optional().describe('An e-mail address to log in with'),
    }),
    result: loggedInShape,
    async run(params, { authority, caller }) {
      return loggedIn(await authority.actors.claim(defined(params), caller))
    },
  }),
  defineCommand({
    name: 'admin.settings.list',
    about: 'Lists every setting with its value, default and meaning.',
    access,
    session,
    params: z.strictObject({}),
    result: z.strictObject({
      settings: z
        .array(
          z.strictObject({
            name: z.string().describe('The name of the setting'),
            value: z.unknown().describe('The value in effect'),
            default: z.unknown().describe('The value without a change'),
            changed: z.boolean().describe('Whether a stored change is in effect'),
            about: z.string().describe('What the setting does'),
          }),
        )
        .describe('Every setting'),
    }),
    run: (_params, { authority }) => ({ settings: authority.settings.list() }),
  }),
  defineCommand({
    name: 'admin.settings.set',
    about: 'Changes a setting on every node at run time.',
    access,
    session,
    params: z.strictObject({
      name: settingName,
      value: z.json().meta({ id: 'JsonValue' }).describe('A value that the setting allows'),
    }),
    async run({ name, value }, { authority, caller, actor }) {
      // The settings table validates the value.
      await authority.settings.set(requireSetting(name), value as never, {
        ...caller,
        by: actor.id,
      })
      return null
    },
  }),
  defineCommand({
    name: 'admin.settings.unset',
    about: 'Restores the default of a setting.',
    access,
    session,
    params: z.strictObject({ name: settingName }),
    async run({ name }, { authority, caller, actor }) {
      await authority.settings.set(requireSetting(name), undefined, { ...caller, by: actor.id })
      return null
    },
  }),
  defineCommand({
    name: 'admin.audit.list',
    about: 'Lists the audit trail, newest first.',
    access,
    session,
    params: z.strictObject({
      actor: z.string().max(254).optional().describe('Only acts of this actor'),
      session: z.string().max(100).optional().describe('Only acts that concern this session'),
      since: z.int().min(0).optional().describe('Only acts from this time on, epoch milliseconds'),
      ...page,
    }),
    result: pageOf('entries', auditEntryShape),
    async run(params, { authority, caller }) {
      const { items, next } = await authority.audit.list(defined(params), caller)
      return { entries: items, ...(next === undefined ? {} : { next }) }
    },
  }),
  defineCommand({
    name: 'admin.keys.rotate',
    about: 'Publishes the next signing key, which signs ten minutes later.',
    access,
    session,
    params: z.strictObject({}),
    result: nextKey,
    run: (_params, { authority, caller, actor }) =>
      authority.keys.rotate({ ...caller, by: actor.id }),
  }),
  defineCommand({
    name: 'admin.keys.replace',
    about: 'Replaces every signing key at once, because a private key is no longer secret.',
    access,
    session,
    params: z.strictObject({}),
    result: nextKey,
    run: (_params, { authority, caller, actor }) =>
      authority.keys.replace({ ...caller, by: actor.id }),
  }),
  defineCommand({
    name: 'admin.prune',
    about: 'Removes some data past its retention; call it until it is done.',
    access,
    session,
    params: z.strictObject({}),
    result: z.strictObject({
      sessions: z.int().describe('Removed sessions'),
      audit: z.int().describe('Removed audit entries'),
      counters: z.int().describe('Removed counters of attempts'),
      documents: z.int().describe('Removed documents, such as device codes'),
      events: z.int().describe('Removed events of mailboxes'),
      holds: z.int().describe('Removed holds on identities'),
      sealed: z.int().describe('Erased successors of renewals'),
      done: z.boolean().describe('Whether nothing is left to remove'),
    }),
    run: (_params, { authority, caller }) => authority.prune({ ...caller, maxSteps: 20 }),
  }),
]

/** The commands of administrators, and the command that registers the first one. */
export const adminCommands: readonly Command[] = [
  ...actorCommands,
  ...sessionCommands,
  ...registryCommands,
]

function requireSetting(name: string): SettingName {
  if (isSettingName(name)) return name
  throw new LatchkeyError(
    'invalid_request',
    `There is no setting ${name}. List the settings for their names.`,
  )
}
