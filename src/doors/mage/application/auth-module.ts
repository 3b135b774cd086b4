import { randomUUID } from 'node:crypto'
import { type Actor, type Refusal, ROLES } from '../../../core/index.ts'
import { BAN_GROUP } from './acl.ts'
import { callBack, withNothing, withValue } from './callback.ts'
import { adoptSession, deferSession, GAME_SESSION } from './create-session.ts'
import {
  InvalidPasswordError,
  mageErrorOf,
  UserAlreadyExistsError,
  UserBannedError,
  UserNotFoundError,
} from './errors.ts'
import type { MageSession } from './mage-session.ts'
import { tagsOf } from './session-module.ts'
import type { State } from './state.ts'
import { transactionOf } from './state-transaction.ts'

type Callback<T> = (error: unknown, value?: T) => void

/** The only access tag of an anonymous session in production. */
const ANONYMOUS_GROUP = 'anonymous'

/** What a user, or an anonymous session, is created with. */
export interface UserOptions {
  /** The user's id; a new UUID by default. */
  readonly userId?: string | null
  /** Access tags; none by default. */
  readonly acl?: readonly string[] | null
  /** The one-time code of an invitation, where the setting `registration` is `invite`. */
  readonly invitation?: string | null
}

/** A user whose password was verified. */
export interface Authentication {
  /** The id of the user that logged in. */
  readonly userId: string
  /** The access tags of the user. */
  readonly acl: readonly string[]
}

/**
 * `mage.auth`: users with a name and a password. Each function returns a promise, and calls back where a callback is given. A user name may
 * be a number; any other user name or password that is not a string is refused as wrong.
 */
export interface AuthModule {
  /** The access tag of a banned user. */
  readonly BAN_GROUP: string
  /** The class of the error for a user that does not exist. */
  readonly UserNotFoundError: typeof UserNotFoundError
  /** The class of the error for a wrong password. */
  readonly InvalidPasswordError: typeof InvalidPasswordError
  /** The class of the error for a user name or an id that is taken. */
  readonly UserAlreadyExistsError: typeof UserAlreadyExistsError
  /** The class of the error for the right password of a banned user. */
  readonly UserBannedError: typeof UserBannedError
  /** Verifies a password, and creates no session. */
  authenticate(
    state: State,
    username: unknown,
    password: unknown,
    callback?: (error: unknown, userId?: string, acl?: readonly string[]) => void,
  ): Promise<Authentication>
  /** Verifies a password, creates a session and registers it on the state. The session is ended again if the command fails. */
  login(
    state: State,
    username: unknown,
    password: unknown,
    callback?: Callback<MageSession>,
  ): Promise<MageSession>
  /**
   * Registers a session without authentication, which is created when the command succeeds. In development it has the access tags of the
   * options, in production only `anonymous`. Throws `UserAlreadyExistsError` later, from the command, for the id of a user.
   */
  loginAnonymous(
    state: State,
    options?: UserOptions | null,
    callback?: Callback<MageSession>,
  ): MageSession
  /** Creates a user and returns its id. Fails with `UserAlreadyExistsError` for a name or an id that is taken. */
  register(
    state: State,
    username: unknown,
    password: unknown,
    options?: UserOptions | null,
    callback?: Callback<string>,
  ): Promise<string>
  /** Sets a password. The sessions of the user stay valid, unless the door's `sessionsAtPasswordChange` says otherwise. */
  changePassword(
    state: State,
    username: unknown,
    password: unknown,
    callback?: (error: unknown) => void,
  ): Promise<void>
  /** Bans a user: its sessions end at once, and a login with the right password fails with `banned`. */
  ban(state: State, username: unknown, callback?: (error: unknown) => void): Promise<void>
  /** Lifts the ban of a user. */
  unban(state: State, username: unknown, callback?: (error: unknown) => void): Promise<void>
}

/** Makes `mage.auth`. */
export function createAuthModule(): AuthModule {
  return {
    BAN_GROUP,
    UserNotFoundError,
    InvalidPasswordError,
    UserAlreadyExistsError,
    UserBannedError,

    authenticate: (state, username, password, callback) =>
      callBack(state, authenticate(state, username, password), callback, (call, user) =>
        call(null, user.userId, user.acl),
      ),

    login: (state, username, password, callback) =>
      callBack(state, login(state, username, password), callback, withValue),

    loginAnonymous(state, options, callback) {
      const session = loginAnonymous(state, options ?? {})
      if (typeof callback === 'function') {
        void callBack(state, session.ready(), callback, withValue)
      }
      return session
    },

    register: (state, username, password, options, callback) =>
      callBack(state, register(state, username, password, options ?? {}), callback, withValue),

    changePassword: (state, username, password, callback) =>
      callBack(state, changePassword(state, username, password), callback, withNothing),

    ban: (state, username, callback) =>
      callBack(state, setBanned(state, username, true), callback, withNothing),

    unban: (state, username, callback) =>
      callBack(state, setBanned(state, username, false), callback, withNothing),
  }
}

interface Credentials {
  readonly identity: string
  readonly password: string
}

function credentials(username: unknown, password: unknown): Credentials {
  const identity = nameOf(username)
  if (identity === null || typeof password !== 'string') throw new InvalidPasswordError()
  return { identity, password }
}

function nameOf(username: unknown): string | null {
  if (typeof username === 'string') return username
  return typeof username === 'number' && Number.isFinite(username) ? String(username) : null
}

async function authenticate(
  state: State,
  username: unknown,
  password: unknown,
): Promise<Authentication> {
  const { services, caller } = transactionOf(state)
  const given = credentials(username, password)
  const verified = await services.authority.credentials.verifyLogin(given, caller)
  if (!verified.ok) throw await loginError(state, given.identity, verified)
  return { userId: verified.actor.id, acl: verified.actor.roles }
}

async function login(state: State, username: unknown, password: unknown): Promise<MageSession> {
  const { services, caller } = transactionOf(state)
  const given = credentials(username, password)
  const result = await services.authority.login({ ...given, ...GAME_SESSION }, caller)
  if (!result.ok) throw await loginError(state, given.identity, result)
  return adoptSession(state, result)
}

// The class tells the application what was wrong. The code and the message are the same, because the client may receive them.
async function loginError(state: State, identity: string, refusal: Refusal): Promise<Error> {
  const error = mageErrorOf(refusal)
  if (!(error instanceof InvalidPasswordError)) return error
  const { authority } = transactionOf(state).services
  const exists = (await authority.actors.findByIdentity(identity)) !== null
  return exists ? error : new UserNotFoundError(error.message)
}

function loginAnonymous(state: State, options: UserOptions): MageSession {
  const { services, caller } = transactionOf(state)
  const asked = tagsOf(options.acl)
  const acl = services.development ? asked : [ANONYMOUS_GROUP]
  const chosen = options.userId ?? null
  const actorId = chosen === null ? randomUUID() : String(chosen)
  return deferSession(state, { actorId, acl }, async () => {
    const taken = chosen !== null && (await services.authority.actors.find(actorId)) !== null
    // An anonymous session must not act as a registered user.
    if (taken) throw new UserAlreadyExistsError('The id belongs to a registered user.')
    return services.authority.sessions.loginAnonymous(
      { ...GAME_SESSION, actorId, roles: acl },
      caller,
    )
  })
}

async function register(
  state: State,
  username: unknown,
  password: unknown,
  { userId, acl, invitation }: UserOptions,
): Promise<string> {
  const { services, caller } = transactionOf(state)
  const { identity, password: secret } = credentials(username, password)
  const roles = tagsOf(acl)
  const id = userId === undefined || userId === null ? {} : { id: String(userId) }
  const user = {
    ...{ name: identity, password: secret, roles, ...id },
    ...(typeof invitation === 'string' ? { invitation } : {}),
    // A command that an administrator calls registers users whatever the setting is.
    vouched: state.session?.acl.includes(ROLES.admin) ?? false,
  }
  const registered = await services.authority.actors.register(user, caller)
  if (!registered.ok) throw mageErrorOf(registered)
  return registered.actor.id
}

async function changePassword(state: State, username: unknown, password: unknown): Promise<void> {
  const { services, caller } = transactionOf(state)
  const { password: next } = credentials(username, password)
  const { id: actorId } = await findUser(state, username)
  const sessions = services.sessionsAtPasswordChange
  const current = state.session?.current?.session.id
  const keeps = current === undefined ? {} : { current }
  const changed = await services.authority.credentials.resetPassword(
    { actorId, next, sessions, ...keeps },
    caller,
  )
  if (changed.ok) return
  throw changed.code === 'not_found' ? new UserNotFoundError() : mageErrorOf(changed)
}

async function setBanned(state: State, username: unknown, banned: boolean): Promise<void> {
  const { services, caller } = transactionOf(state)
  const { id } = await findUser(state, username)
  const by = state.actorId ?? null
  const actor = banned
    ? await services.authority.actors.suspend(id, { ...caller, by })
    : await services.authority.actors.restore(id, { ...caller, by })
  if (actor === null) throw new UserNotFoundError()
}

async function findUser(state: State, username: unknown): Promise<Actor> {
  const name = nameOf(username)
  const { authority } = transactionOf(state).services
  const actor = name === null ? null : await authority.actors.findByIdentity(name)
  if (actor === null) throw new UserNotFoundError()
  return actor
}
