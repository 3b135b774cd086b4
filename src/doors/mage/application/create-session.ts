import { refusalOf } from '../../../core/errors.ts'
import type { Authenticated, LoggedIn, Refusal } from '../../../core/index.ts'
import { MAGE_FORMAT } from '../key-codec.ts'
import { MageError, mageErrorOf, wireCodeOf } from './errors.ts'
import { MageSession, type MageSessionParts } from './mage-session.ts'
import { type MageSessionData, saveSessionData } from './session-data.ts'
import type { State } from './state.ts'
import { transactionOf } from './state-transaction.ts'

/** How this door creates sessions: with the profile `game`, and the key as `<actorId>:<key>`. */
export const GAME_SESSION = { profile: 'game', format: MAGE_FORMAT } as const

/** What is known of a session before it is created. */
interface SessionRequest {
  readonly actorId: string
  readonly acl: readonly string[]
  readonly language?: string
  readonly meta?: Readonly<Record<string, unknown>>
}

type RequestedData = Pick<SessionRequest, 'language' | 'meta'>

/** Registers a session that the authority has created on the state, and sends it to the client. */
export async function adoptSession(state: State, login: LoggedIn): Promise<MageSession> {
  const session = new MageSession(await saveParts(state, login, {}))
  register(state, session)
  return session
}

/**
 * Registers a session on the state at once, so that the rest of the command runs with it. The session is created when the command
 * succeeds, or when it is waited for.
 */
export function deferSession(
  state: State,
  request: SessionRequest,
  login: () => Promise<LoggedIn | Refusal>,
): MageSession {
  const transaction = transactionOf(state)
  const { actorId, acl } = request
  const data = dataOf(request, transaction.services.appVersion)
  const parts = { actorId, data, acl, fullKey: null, current: null }
  const session = new MageSession(parts, async () => {
    const result = await login()
    if (!result.ok) throw mageErrorOf(result)
    return saveParts(state, result, request)
  })
  // Added before the writes of the registration: if the session cannot be created, none of them is done.
  transaction.onSuccess(async () => {
    await session.ready()
    if (state.session === session) state.registerSession(session)
  })
  register(state, session)
  return session
}

function register(state: State, session: MageSession): void {
  const transaction = transactionOf(state)
  const { services, caller } = transaction
  const previous = state.session
  state.registerSession(session)
  session.setOnClient(state)
  if (previous === undefined) return
  // A login ends the session that it was made with.
  transaction.onSuccess(async () => {
    if (previous.current === null) return
    const { id, owner } = previous.current.session
    const by = session.actorId
    await services.authority.sessions.end({ id, owner }, { ...caller, reason: 'upgraded', by })
  })
}

/** Saves the data of a session that was just created. The session is ended if the command fails. */
async function saveParts(
  state: State,
  login: LoggedIn,
  request: RequestedData,
): Promise<MageSessionParts> {
  const transaction = transactionOf(state)
  const { services, caller } = transaction
  const { authority } = services
  const { session, actor } = login
  const undo = async () => {
    const { id, owner } = session
    await authority.sessions.end({ id, owner }, { ...caller, reason: 'revoked', by: owner })
  }
  if (!transaction.isOpen) {
    await undo()
    throw new MageError('timeout', 'The command ended before the login was complete.')
  }
  transaction.onFailure(undo)
  const current: Authenticated = { ok: true, session, actor, impersonator: null, token: null }
  const data = dataOf(request, services.appVersion)
  if (data.version !== null || request.language !== undefined || hasKeys(data.meta)) {
    await saveSessionData(authority, current, () => data).catch((error: unknown) => {
      const { code, message } = refusalOf(error)
      throw new MageError(wireCodeOf(code), message, error)
    })
  }
  return { actorId: actor.id, data, acl: session.roles, fullKey: login.token, current }
}

function dataOf(
  { language = 'en', meta = {} }: RequestedData,
  version: string | null,
): MageSessionData {
  const { acl: _, ...rest } = meta
  return { language, version, meta: rest }
}

function hasKeys(meta: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(meta).length > 0
}
