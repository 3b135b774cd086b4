import { randomUUID } from 'node:crypto'
import type { Actor, Refusal } from '../../../core/index.ts'
import { BAN_GROUP } from './acl.ts'
import { answered } from './answered.ts'
import { adoptSession, GAME_SESSION, promiseSession } from './begin-session.ts'
import { withNothing, withValue } from './called-back.ts'
import {
  InvalidPasswordError,
  mageErrorOf,
  UserAlreadyExistsError,
  UserBannedError,
  UserNotFoundError,
} from './errors.ts'
import type { Session } from './session.ts'
import { tagsOf } from './session-module.ts'
import { insideOf, type State } from './state.ts'

type Callback<T> = (error: unknown, value?: T) => void

/** Who may be anonymous: in production only ever this. */
const ANONYMOUS_GROUP = 'anonymous'

export interface UserOptions {
  /** The user's id; a new UUID by default. */
  readonly userId?: string | null
  /** Access tags; none by default. */
  readonly acl?: readonly string[] | null
}

export interface Authentication {
  readonly userId: string
  readonly acl: readonly string[]
}

/**
 * `mage.auth`: users with a name and a password. Every function calls back, or without a callback answers with a promise. A number
 * as a name is its text; any other name or password that is no text is wrong.
 */
export interface AuthModule {
  readonly BAN_GROUP: string
  readonly UserNotFoundError: typeof UserNotFoundError
  readonly InvalidPasswordError: typeof InvalidPasswordError
  readonly UserAlreadyExistsError: typeof UserAlreadyExistsError
  readonly UserBannedError: typeof UserBannedError
  /** Proves a password, without a session. */
  authenticate(
    state: State,
    username: unknown,
    password: unknown,
    callback?: (error: unknown, userId?: string, acl?: readonly string[]) => void,
  ): Promise<Authentication>
  /** Proves a password and begins a session, for which the state acts from then on. */
  login(
    state: State,
    username: unknown,
    password: unknown,
    callback?: Callback<Session>,
  ): Promise<Session>
  /**
   * Begins a session without proof, which exists once the command succeeds. In development it has the tags asked for;
   * in production only `anonymous`.
   */
  loginAnonymous(state: State, options?: UserOptions | null, callback?: Callback<Session>): Session
  /** Makes a user. Of several at once with one name one wins; the others get `UserAlreadyExistsError`. */
  register(
    state: State,
    username: unknown,
    password: unknown,
    options?: UserOptions | null,
    callback?: Callback<string>,
  ): Promise<string>
  /** Sets a password; the user's sessions stay, unless the door is set otherwise. */
  changePassword(
    state: State,
    username: unknown,
    password: unknown,
    callback?: (error: unknown) => void,
  ): Promise<void>
  /** Locks a user out: its sessions end now, and the right password is answered with `banned`. */
  ban(state: State, username: unknown, callback?: (error: unknown) => void): Promise<void>
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
      answered(state, authenticate(state, username, password), callback, (call, user) =>
        call(null, user.userId, user.acl),
      ),

    login: (state, username, password, callback) =>
      answered(state, login(state, username, password), callback, withValue),

    loginAnonymous(state, options, callback) {
      const session = loginAnonymous(state, options ?? {})
      if (typeof callback === 'function') {
        void answered(state, session.ready(), callback, withValue)
      }
      return session
    },

    register: (state, username, password, options, callback) =>
      answered(state, register(state, username, password, options ?? {}), callback, withValue),

    changePassword: (state, username, password, callback) =>
      answered(state, changePassword(state, username, password), callback, withNothing),

    ban: (state, username, callback) =>
      answered(state, setBanned(state, username, true), callback, withNothing),

    unban: (state, username, callback) =>
      answered(state, setBanned(state, username, false), callback, withNothing),
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
  const { services, caller } = insideOf(state)
  const given = credentials(username, password)
  const proven = await services.authority.credentials.verifyLogin(given, caller)
  if (!proven.ok) throw await wrongLogin(state, given.identity, proven)
  return { userId: proven.actor.id, acl: proven.actor.roles }
}

async function login(state: State, username: unknown, password: unknown): Promise<Session> {
  const { services, caller } = insideOf(state)
  const given = credentials(username, password)
  const begun = await services.authority.login({ ...given, ...GAME_SESSION }, caller)
  if (!begun.ok) throw await wrongLogin(state, given.identity, begun)
  return adoptSession(state, begun)
}

// The application may know which of the two was wrong; the words are the same for both, lest they get out.
async function wrongLogin(state: State, identity: string, refusal: Refusal): Promise<Error> {
  const error = mageErrorOf(refusal)
  if (!(error instanceof InvalidPasswordError)) return error
  const { authority } = insideOf(state).services
  const known = (await authority.actors.findByIdentity(identity)) !== null
  return known ? error : new UserNotFoundError(error.message)
}

function loginAnonymous(state: State, options: UserOptions): Session {
  const { services, caller } = insideOf(state)
  const asked = tagsOf(options.acl)
  const acl = services.development ? asked : [ANONYMOUS_GROUP]
  const chosen = options.userId ?? null
  const actorId = chosen === null ? randomUUID() : String(chosen)
  return promiseSession(state, { actorId, acl }, async () => {
    const taken = chosen !== null && (await services.authority.actors.find(actorId)) !== null
    // Nobody becomes a user by saying so.
    if (taken) throw new UserAlreadyExistsError('That id is the id of a user.')
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
  { userId, acl }: UserOptions,
): Promise<string> {
  const { services, caller } = insideOf(state)
  const { identity, password: secret } = credentials(username, password)
  const roles = tagsOf(acl)
  const id = userId === undefined || userId === null ? {} : { id: String(userId) }
  const user = { name: identity, password: secret, roles, ...id }
  const registered = await services.authority.actors.register(user, caller)
  if (!registered.ok) throw mageErrorOf(registered)
  return registered.actor.id
}

async function changePassword(state: State, username: unknown, password: unknown): Promise<void> {
  const { services, caller } = insideOf(state)
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
  const { services, caller } = insideOf(state)
  const { id } = await findUser(state, username)
  const by = state.actorId ?? null
  const actor = banned
    ? await services.authority.actors.suspend(id, { ...caller, by })
    : await services.authority.actors.restore(id, { ...caller, by })
  if (actor === null) throw new UserNotFoundError()
}

async function findUser(state: State, username: unknown): Promise<Actor> {
  const name = nameOf(username)
  const { authority } = insideOf(state).services
  const actor = name === null ? null : await authority.actors.findByIdentity(name)
  if (actor === null) throw new UserNotFoundError()
  return actor
}
