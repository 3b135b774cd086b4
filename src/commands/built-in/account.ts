import { z } from 'zod'
import { type IssuedCode, type Refusal, ROLES } from '../../core/index.ts'
import { type Command, defineCommand } from '../define-command.ts'
import { actorShape, defined, page, sessionListingShape } from './shapes.ts'

const password = z.string().min(1).max(8192).describe('The new password in clear text')
const code = z.string().min(1).max(100).describe('The one-time code')
const roles = z.array(z.string().min(1).max(64)).max(64).describe('The roles of the new actor')
const codeShape = z.strictObject({
  code: z.string().describe('Good for one use; the server keeps only its hash'),
  expiresAt: z.int().describe('When it expires, in epoch milliseconds'),
  link: z
    .string()
    .optional()
    .describe('The page that takes the code, if the server has a public URL'),
})

/** Returns the answer with a new one-time code, the only answer that contains it. */
function issued(outcome: ({ ok: true } & IssuedCode) | Refusal) {
  return outcome.ok ? { code: outcome.code, expiresAt: outcome.expiresAt } : outcome
}

/** The commands for one-time codes, and for the export and the deletion of an account. */
export const accountCommands: readonly Command[] = [
  defineCommand({
    name: 'codes.check',
    about: 'Returns until when a one-time code is valid, without using it.',
    access: ['*'],
    params: z.strictObject({
      purpose: z.enum(['claim', 'invitation', 'password-reset']).describe('What the code is for'),
      code,
    }),
    result: z.strictObject({
      expiresAt: z.int().nullable().describe('Epoch milliseconds; null for a code without an end'),
    }),
    async run(params, { authority, caller }) {
      const outcome = await authority.actors.checkCode(params, caller)
      return outcome.ok ? { expiresAt: outcome.expiresAt } : outcome
    },
  }),
  defineCommand({
    name: 'password.reset',
    about: 'Sets a new password with a one-time code, and ends every session of the actor.',
    access: ['*'],
    params: z.strictObject({ code, password }),
    async run(params, { authority, caller }) {
      const outcome = await authority.credentials.usePasswordReset(params, caller)
      return outcome.ok ? null : outcome
    },
  }),
  defineCommand({
    name: 'actor.export',
    about:
      'Returns what the server stores about the current actor; later pages have audit entries only.',
    access: ['*'],
    session: 'own',
    params: z.strictObject(page),
    result: z.strictObject({
      actor: actorShape.describe('The current actor'),
      sessions: z.array(sessionListingShape).describe('Its live sessions'),
      audit: z.array(z.record(z.string(), z.unknown())).describe('Its entries of the audit trail'),
      next: z.string().optional().describe('Send it as `after`; absent on the last page'),
    }),
    async run(params, { authority, caller, actor }) {
      const outcome = await authority.actors.export(actor.id, defined(params), caller)
      if (!outcome.ok) return outcome
      const { ok: _, ...data } = outcome
      return data
    },
  }),
  defineCommand({
    name: 'actor.delete',
    about:
      'Deletes the current actor: its sessions end, and its names are free again after a time.',
    access: ['*'],
    session: 'fresh',
    params: z.strictObject({}),
    async run(_params, { authority, caller, actor }) {
      const outcome = await authority.actors.delete(actor.id, { ...caller, by: actor.id })
      return outcome.ok ? null : outcome
    },
  }),
  defineCommand({
    name: 'admin.invitations.create',
    about: 'Creates an invitation: a one-time code with which one actor registers.',
    access: [ROLES.admin],
    session: 'fresh',
    params: z.strictObject({ roles: roles.optional() }),
    result: codeShape,
    async run(params, { authority, caller, actor }) {
      return issued(await authority.actors.invite(defined(params), { ...caller, by: actor.id }))
    },
  }),
  defineCommand({
    name: 'admin.actors.resetPassword',
    about: 'Creates a one-time code with which an actor chooses a new password.',
    access: [ROLES.admin],
    session: 'fresh',
    params: z.strictObject({ id: z.string().min(1).max(254).describe('The id of the actor') }),
    result: codeShape,
    async run({ id }, { authority, caller, actor }) {
      return issued(
        await authority.credentials.createPasswordReset(id, { ...caller, by: actor.id }),
      )
    },
  }),
  defineCommand({
    name: 'admin.actors.delete',
    about: 'Deletes an actor: its sessions end, and its names are free again after a time.',
    access: [ROLES.admin],
    session: 'fresh',
    params: z.strictObject({ id: z.string().min(1).max(254).describe('The id of the actor') }),
    async run({ id }, { authority, caller, actor }) {
      const outcome = await authority.actors.delete(id, { ...caller, by: actor.id })
      return outcome.ok ? null : outcome
    },
  }),
]
