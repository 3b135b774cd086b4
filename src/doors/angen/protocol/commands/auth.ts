import { z } from 'zod'
import type { Actor, Authentication, LoggedIn, Refusal } from '../../../../core/index.ts'
import { ANGEN_FORMAT } from '../../token-codec.ts'
import { actorIdOf, isUuid } from '../actor-id.ts'
import { type AngenCommand, type ClientContext, defineAngenCommand } from '../command.ts'
import { utcSeconds } from '../json.ts'
import { type Answer, answer, failure, type Outcome, refused } from '../outcome.ts'

/** Returns the pair of codes of a session, as the protocol writes it. */
function token({ session, actor, token, renewal }: LoggedIn): Answer {
  return answer('auth/token', {
    token: {
      user_id: actor.id,
      identifier_code: token,
      renewal_code: renewal ?? '',
      expires_at: utcSeconds(session.expiresAt),
    },
  })
}

const GET_TOKEN_REASONS = {
  credentials_invalid: 'Bad authentication',
  throttled: 'Bad authentication',
  actor_suspended: 'Unable to generate token',
  session_limit: 'Unable to generate token',
  other: 'Unable to generate token',
} as const

const credentials = z.object({
  password: z.string(),
  user_agent: z.string(),
  name: z.string().optional(),
  email: z.string().optional(),
  id: z.string().optional(),
})

async function getToken(
  given: z.input<typeof credentials>,
  context: ClientContext,
): Promise<Outcome> {
  const who = whoIs(given)
  if (typeof who === 'string') return who
  const { authority } = context.services
  const proof = { ...who, password: given.password }
  const cancellable = context.cancellable(given.user_agent)
  if (given.user_agent.trim() === '') {
    const proven = await authority.credentials.verifyLogin(proof, cancellable)
    if (!proven.ok) return refused(proven, GET_TOKEN_REASONS)
    return failure("There was an error generating the token: user_agent: can't be blank")
  }
  const outcome = await authority.login(
    { ...proof, profile: 'device', format: ANGEN_FORMAT },
    cancellable,
  )
  return outcome.ok ? token(outcome) : refused(outcome, GET_TOKEN_REASONS)
}

function whoIs({ email, id, name }: z.input<typeof credentials>) {
  if (email !== undefined) return { identity: email }
  if (id !== undefined) return isUuid(id) ? { actorId: actorIdOf(id) } : 'internal'
  return name === undefined ? 'no_clause' : { identity: name }
}

const LOGIN_REASONS = { other: 'Bad token' } as const

const known = new WeakMap<Actor, Answer>()

/** Returns the answer of a login. It is the same for the same cached actor. */
function loggedIn(actor: Actor): Answer {
  let told = known.get(actor)
  if (told === undefined) {
    told = answer('auth/logged_in', { user: { id: actor.id, name: actor.name } })
    known.set(actor, told)
  }
  return told
}

function begin(check: Authentication, context: ClientContext, bot: boolean): Outcome {
  if (!check.ok) return refused(check, LOGIN_REASONS)
  const told = loggedIn(check.actor)
  if (context.isLoggedIn && context.session.session.id === check.session.id) return told
  // The events of the mailbox are sent after the answer.
  return { ...told, after: () => context.logIn(check, { bot }) }
}

function login(
  code: string,
  given: { readonly user_agent: string; readonly 'bot?'?: boolean | undefined },
  context: ClientContext,
): Promise<Outcome> {
  const { authority, queue } = context.services
  const check = () =>
    authority
      .authenticate(code, context.caller(given.user_agent))
      .then((checked) => begin(checked, context, given['bot?'] === true))
  const turn = queue?.enter(context.address, () => context.cancellable().signal) ?? null
  if (turn === null) return check()
  return turn.then((refusal: Refusal | null) => (refusal === null ? check() : refused(refusal)))
}

const withToken = z.object({
  token: z.string(),
  user_agent: z.string(),
  'bot?': z.boolean().optional(),
  identifier_code: z.string().optional().describe('Taken for `token` where there is none'),
})

/** The commands that authenticate a client. */
export const authCommands: readonly AngenCommand[] = [
  defineAngenCommand({
    name: 'auth/get_token',
    about: 'Verifies a password and creates a session; does not log the connection in.',
    session: 'none',
    params: credentials,
    answers: 'auth/token',
    run: getToken,
  }),
  defineAngenCommand({
    name: 'auth/login',
    about: 'Logs the connection in with a token of any format.',
    session: 'none',
    // A login may wait for its turn for `maxLoginWaitMs`.
    timeoutMs: 120_000,
    params: withToken,
    instead: {
      key: 'identifier_code',
      // The other parameters have no token; `run` checks.
      params: z.object({ ...withToken.shape, token: z.string().optional() }),
    },
    answers: 'auth/logged_in',
    run: (given, context) => login(given.token ?? given.identifier_code, given, context),
  }),
  defineAngenCommand({
    name: 'auth/renew',
    about:
      'Exchanges both codes for the next two; the old ones are invalid at once, connections stay.',
    session: 'none',
    params: z.object({ identifier_code: z.string(), renewal_code: z.string() }),
    answers: 'auth/token',
    async run({ identifier_code, renewal_code }, context) {
      const { authority } = context.services
      const request = { ...context.cancellable(), token: identifier_code }
      const renewed = await authority.renew(renewal_code, request)
      return renewed.ok ? token(renewed) : refused(renewed, { other: 'No token' })
    },
  }),
]
