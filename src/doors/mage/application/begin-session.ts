import { refusalOf } from '../../../core/errors.ts'
import type { LoggedIn, Refusal } from '../../../core/index.ts'
import { MAGE_FORMAT } from '../key-codec.ts'
import { MageError, mageErrorOf, wireCodeOf } from './errors.ts'
import { Session, type SessionParts } from './session.ts'
import type { Facts } from './session-facts.ts'
import { insideOf, type State } from './state.ts'

/** How sessions of this door are made: profile `game`, and the key as `<actorId>:<key>`. */
export const GAME_SESSION = { profile: 'game', format: MAGE_FORMAT } as const

/** What a session to come is known by before it exists. */
interface Wanted {
  readonly actorId: string
  readonly acl: readonly string[]
  readonly language?: string
  readonly meta?: Readonly<Record<string, unknown>>
}

/** Takes over a session that the authority has just begun: the state acts for it, and its client is told. */
export async function adoptSession(
  state: State,
  begun: LoggedIn,
  wanted: Pick<Wanted, 'language' | 'meta'> = {},
): Promise<Session> {
  const parts = await createServices(state, begun, wanted)
  const session = new Session(parts)
  register(state, session)
  return session
}

/**
 * A session that is begun when the command succeeds, or when somebody waits for it. The state acts for it from now on, so that what
 * follows in the command sees it.
 */
export function promiseSession(
  state: State,
  wanted: Wanted,
  begin: () => Promise<LoggedIn | Refusal>,
): Session {
  const { services, onSuccess } = insideOf(state)
  const { actorId, acl } = wanted
  const facts = factsOf(wanted, services.appVersion)
  const session = new Session({ actorId, facts, acl, fullKey: null, current: null }, async () => {
    const begun = await begin()
    if (!begun.ok) throw mageErrorOf(begun)
    return createServices(state, begun, wanted)
  })
  // Made before anything that the registration puts off, so that a failure leaves all as it was.
  onSuccess(async () => {
    await session.ready()
    if (state.session === session) state.registerSession(session)
  })
  register(state, session)
  return session
}

function register(state: State, session: Session): void {
  const { services, caller, onSuccess } = insideOf(state)
  const before = state.session
  state.registerSession(session)
  session.setOnClient(state)
  if (before === undefined) return
  // The session a login comes from ends with it; of one that ended already nothing is left to do.
  onSuccess(async () => {
    const id = before.current?.session.id
    if (id === undefined || before.current === null) return
    const which = { id, owner: before.current.session.owner }
    await services.authority.sessions.end(which, {
      ...caller,
      reason: 'upgraded',
      by: session.actorId,
    })
  })
}

async function createServices(
  state: State,
  begun: LoggedIn,
  wanted: Pick<Wanted, 'language' | 'meta'>,
): Promise<SessionParts> {
  const { services, caller, isOpen, onFailure } = insideOf(state)
  const { authority } = services
  const { session, actor } = begun
  const undo = async () => {
    const which = { id: session.id, owner: session.owner }
    await authority.sessions.end(which, { ...caller, reason: 'revoked', by: session.owner })
  }
  if (!isOpen()) {
    await undo()
    throw new MageError('timeout', 'The command was over before the login.')
  }
  onFailure(undo)
  const current = { ok: true, session, actor, impersonator: null, token: null } as const
  const facts = factsOf(wanted, services.appVersion)
  if (facts.version !== null || wanted.language !== undefined || hasKeys(facts.meta)) {
    await services.facts
      .save(current, () => facts)
      .catch((error: unknown) => {
        const refusal = refusalOf(error)
        throw new MageError(wireCodeOf(refusal.code), refusal.message, error)
      })
  }
  return { actorId: actor.id, facts, acl: session.roles, fullKey: begun.token, current }
}

function factsOf(
  { language = 'en', meta = {} }: Pick<Wanted, 'language' | 'meta'>,
  version: string | null,
): Facts {
  const { acl: _, ...rest } = meta
  return { language, version, meta: rest }
}

function hasKeys(meta: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(meta).length > 0
}
