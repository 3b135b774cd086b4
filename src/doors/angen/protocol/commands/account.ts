import { z } from 'zod'
import type { Refusal } from '../../../../core/errors.ts'
import { type Actor, canonicalIdentity } from '../../../../core/index.ts'
import { actorIdOf } from '../actor-id.ts'
import { type AngenCommand, type ClientContext, defineAngenCommand } from '../command.ts'
import { answer, failure, type Outcome, refused, success } from '../outcome.ts'

const MIN_PASSWORD = 6
const TOO_SHORT = `Passwords must be at least ${MIN_PASSWORD} characters long`
const BLANK = "can't be blank"

/** The order of the fields in a refusal. */
const FIELDS = ['name', 'email', 'password'] as const
type Problems = Partial<Record<(typeof FIELDS)[number], string>>

function list(problems: Problems): string {
  return FIELDS.filter((field) => problems[field] !== undefined)
    .map((field) => `${field}: ${problems[field]}`)
    .join(', ')
}

function isBlank(text: string | undefined): boolean {
  return text?.trim() === ''
}

function passwordProblem(password: string): string | null {
  if (isBlank(password)) return BLANK
  return [...password].length < MIN_PASSWORD ? TOO_SHORT : null
}

/** The refusals of a closed registration and of a wrong invitation, which have no field. */
const TOLD: ReadonlySet<string> = new Set(['access_denied', 'credentials_invalid'])

/** Returns the refused fields of a form, in the order of the form. */
function formFailure(prefix: string, refusal: Refusal): Outcome {
  const told = Object.fromEntries(
    (refusal.issues ?? []).map(({ path, message }) => [path, message.replace(/\.$/, '')]),
  ) as Problems
  const text = list(told)
  if (text === '' && TOLD.has(refusal.code)) {
    return failure(`${prefix}: ${refusal.message.replace(/\.$/, '')}`, refusal)
  }
  return text === '' ? refused(refusal) : failure(`${prefix}: ${text}`, refusal)
}

const REGISTERING = 'There was an error registering'

async function register(
  {
    name,
    email,
    password,
    invitation,
  }: { name: string; email: string; password: string; invitation?: string | undefined },
  context: ClientContext,
): Promise<Outcome> {
  const short = passwordProblem(password)
  const problems: Problems = {
    ...(isBlank(name) ? { name: BLANK } : {}),
    ...(isBlank(email) ? { email: BLANK } : {}),
    ...(short === null ? {} : { password: short }),
  }
  if (Object.keys(problems).length > 0) return failure(`${REGISTERING}: ${list(problems)}`)
  const { authority } = context.services
  const registration = {
    ...{ name, email, password },
    ...(invitation === undefined ? {} : { invitation }),
  }
  const outcome = await authority.actors.register(registration, context.cancellable())
  if (!outcome.ok) return formFailure(REGISTERING, outcome)
  return answer('account/registered', { user: shown(outcome.actor) })
}

const CHANGING_PASSWORD = 'There was an error changing your password'

async function changePassword(
  given: { current_password: string; new_password: string },
  context: ClientContext,
): Promise<Outcome> {
  const short = passwordProblem(given.new_password)
  if (short !== null) return failure(`${CHANGING_PASSWORD}: password: ${short}`)
  const change = {
    actorId: context.session.actor.id,
    currentPassword: given.current_password,
    next: given.new_password,
    sessions: 'revoke-all',
  } as const
  const outcome = await context.services.authority.credentials.changePassword(
    change,
    context.cancellable(),
  )
  if (outcome.ok) return success('account/change_password')
  if (outcome.code === 'password_refused') return formFailure(CHANGING_PASSWORD, outcome)
  return refused(outcome, {
    credentials_invalid: `${CHANGING_PASSWORD}: existing: Incorrect password`,
  })
}

const CHANGING_DETAILS = 'There was an error changing your details'

async function update(
  {
    password,
    name,
    email,
  }: { password: string; name?: string | undefined; email?: string | undefined },
  context: ClientContext,
): Promise<Outcome> {
  const problems: Problems = {
    ...(isBlank(name) ? { name: BLANK } : {}),
    ...(isBlank(email) ? { email: BLANK } : {}),
  }
  if (Object.keys(problems).length > 0) return failure(`${CHANGING_DETAILS}: ${list(problems)}`)
  const change = {
    actorId: context.session.actor.id,
    currentPassword: password,
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
  }
  const outcome = await context.services.authority.actors.update(change, context.cancellable())
  if (outcome.ok) return success('account/update')
  if (outcome.code !== 'credentials_invalid') return formFailure(CHANGING_DETAILS, outcome)
  return failure(`${CHANGING_DETAILS}: password_confirmation: Incorrect password`, outcome)
}

/** The largest number of users that one query looks up. */
const MAX_USERS = 100

const query = z.object({
  filters: z.object({ id: z.array(z.string()).optional(), name: z.string().optional() }),
  limit: z.int().optional().describe(`1 to ${MAX_USERS}, 50 by default`),
})

async function userQuery(
  { filters, limit = 50 }: z.input<typeof query>,
  context: ClientContext,
): Promise<Outcome> {
  const { id: ids, name = '' } = filters
  if (ids === undefined && isBlank(name)) return failure('Must provide at least 1 filter')
  const wanted = isBlank(name) ? null : (canonicalIdentity(name) ?? '')
  const found =
    ids === undefined ? await findNamed(wanted ?? '', context) : await findAll(ids, context)
  const users = found
    .filter((actor) => wanted === null || canonicalIdentity(actor.name) === wanted)
    .slice(0, Math.min(Math.max(limit, 1), MAX_USERS))
  return answer('account/user_list', { users: users.map(shown) })
}

async function findNamed(name: string, context: ClientContext): Promise<Actor[]> {
  const { authority } = context.services
  const actor = await authority.actors.findByIdentity(name, context.cancellable())
  return actor === null ? [] : [actor]
}

async function findAll(ids: readonly string[], context: ClientContext): Promise<Actor[]> {
  const { authority } = context.services
  const wanted = [...new Set(ids.map(actorIdOf))].slice(0, MAX_USERS)
  const caller = context.cancellable()
  const found = await Promise.all(wanted.map((id) => authority.actors.find(id, caller)))
  return found.filter((actor) => actor !== null)
}

function shown({ id, name }: Actor): object {
  return { id, name }
}

/** The commands for a user's own account. */
export const accountCommands: readonly AngenCommand[] = [
  defineAngenCommand({
    name: 'account/register',
    about: 'Registers a user; does not log in.',
    session: 'none',
    params: z.object({
      name: z.string(),
      password: z.string(),
      email: z.string(),
      invitation: z.string().optional().describe('A one-time code, where registration needs one'),
    }),
    answers: 'account/registered',
    run: register,
  }),
  defineAngenCommand({
    name: 'account/change_password',
    about:
      'Changes the user’s password; all its sessions end and all connections close, this one last.',
    session: 'own',
    endsSession: true,
    params: z.object({ current_password: z.string(), new_password: z.string() }),
    run: changePassword,
  }),
  defineAngenCommand({
    name: 'account/revoke_tokens',
    about: 'Ends every session of the user; every connection closes, this one last.',
    session: 'own',
    endsSession: true,
    params: z.object({}),
    async run(_given, context) {
      const { owner } = context.session.session
      const which = { owner, raiseEpoch: true }
      await context.services.authority.sessions.end(which, { ...context.caller(), by: owner })
      return success('account/revoke_tokens')
    },
  }),
  defineAngenCommand({
    name: 'account/update',
    about: 'Changes the user’s name or e-mail address.',
    session: 'own',
    params: z.object({
      password: z.string(),
      name: z.string().optional(),
      email: z.string().optional(),
    }),
    run: update,
  }),
  defineAngenCommand({
    name: 'account/user_query',
    about: 'Finds users by id, by name, or by both.',
    session: 'user',
    params: query,
    answers: 'account/user_list',
    run: userQuery,
  }),
]
