import type { EventEmitter } from 'node:events'

/** The part of the cookie's options that decides how long a session lives. */
export interface SessionCookie {
  /** When the cookie expires, as a date or its text; absent, null or false for no expiry. */
  readonly expires?: Date | string | boolean | null | undefined
  /** Milliseconds that each use adds; null for a cookie with a fixed or no expiry. */
  readonly originalMaxAge?: number | null | undefined
}

/** The data of a session, as express-session and @fastify/session give it to a store. */
export interface StoredSession {
  /** Absent only in a session that the application itself gave to the store. */
  readonly cookie?: SessionCookie
}

/** A session in a list. It does not contain the session id of the cookie, which is a secret. */
export interface ListedSession extends StoredSession {
  /** The public handle of the session, for `authority.sessions.end({ id })`. */
  readonly id: string
}

/** The properties of a request that express-session sets. */
export interface SessionRequest {
  /** The session id of the cookie, or a new one. */
  sessionID?: string
  /** The session object; absent after it was destroyed. */
  session?: object
  /** The store of the session. */
  sessionStore?: unknown
}

/** A callback of Node: an error, or null and the result. */
export type Callback<T = undefined> = (error?: unknown, value?: T) => void

/**
 * A store for the option `store` of express-session and @fastify/session. Every method takes a
 * callback, and returns a promise if none is given.
 */
export interface RequestSessionStore extends EventEmitter {
  /**
   * Checks the session of a session id and returns its data; null if it does not exist, has expired
   * or has ended. Fails with `unavailable` if the store cannot be reached.
   */
  get(sid: string): Promise<StoredSession | null>
  get(sid: string, callback: Callback<StoredSession | null>): undefined
  /**
   * Saves a session until its cookie expires. A session that has ended stays ended, without an
   * error. Fails with `too_large`, `invalid_request` (a cookie that lives longer than the profile
   * allows, another user without `regenerate`), `not_found` (an unknown user), `unavailable`.
   */
  set(sid: string, session: StoredSession): Promise<undefined>
  set(sid: string, session: StoredSession, callback: Callback | undefined): undefined
  /** Moves the end of a session to the expiry of its cookie. Its data is not changed. */
  touch(sid: string, session: StoredSession): Promise<undefined>
  touch(sid: string, session: StoredSession, callback: Callback | undefined): undefined
  /** Ends a session, on every node. */
  destroy(sid: string): Promise<undefined>
  destroy(sid: string, callback: Callback | undefined): undefined
  /** Returns the live sessions of this store, newest first. */
  all(): Promise<readonly ListedSession[]>
  all(callback: Callback<readonly ListedSession[]>): undefined
  /**
   * Returns the public handle of a session id, without a look-up: for example to mark the current
   * session in a list, or to end all others.
   */
  idOf(sid: string): string
  /** Returns the number of live sessions of this store. */
  length(): Promise<number>
  length(callback: Callback<number>): undefined
  /** Ends every session of this store. */
  clear(): Promise<undefined>
  clear(callback: Callback | undefined): undefined
  /** Gives a request a new session. express-session sets it. */
  generate: (request: SessionRequest) => void
  /** Ends the session of a request and gives it a new one. express-session calls it. */
  regenerate(request: SessionRequest, callback: Callback): void
  /** Returns the session object of a session id; undefined if there is none. */
  load<S extends StoredSession>(sid: string, callback: Callback<S>): void
  /** Makes the session object of a request from stored data. express-session calls it. */
  createSession<S extends StoredSession>(request: SessionRequest, data: StoredSession): S
}
