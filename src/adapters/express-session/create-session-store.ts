import { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { setImmediate } from 'node:timers'
import { LatchkeyError } from '../../core/index.ts'
import type {
  Callback,
  ListedSession,
  RequestSessionStore,
  SessionRequest,
  StoredSession,
} from './request-session-store.ts'
import { RequestSessions, type SessionStoreOptions } from './request-sessions.ts'
import { sourceOf } from './source.ts'

/**
 * Returns a store for express-session (1.17 or later) and @fastify/session (11 or later). Its
 * sessions are sessions of the authority: checked, listed and ended like all others.
 */
export function createSessionStore(options: SessionStoreOptions): RequestSessionStore {
  return new ExpressSessionStore(new RequestSessions(options))
}

type CreateSession<S> = (this: object, request: SessionRequest, data: StoredSession) => S

class ExpressSessionStore extends EventEmitter implements RequestSessionStore {
  readonly #sessions: RequestSessions
  /** Session objects of express-session, and whether their id was issued in their request. */
  readonly #issued = new WeakMap<object, boolean>()
  #generate: RequestSessionStore['generate'] = () => {}

  constructor(sessions: RequestSessions) {
    super()
    this.#sessions = sessions
  }

  get generate() {
    return this.#generate
  }

  set generate(generate) {
    this.#generate = (request) => {
      generate(request)
      if (request.session !== undefined) this.#issued.set(request.session, true)
    }
  }

  regenerate(request: SessionRequest, callback: Callback): void {
    this.destroy(request.sessionID ?? '', (error) => {
      this.generate(request)
      callback(error)
    })
  }

  load<S extends StoredSession>(sid: string, callback: Callback<S>): void {
    this.get(sid, (error, data) => {
      if (error || !data) callback(error)
      else callback(null, this.createSession({ sessionID: sid, sessionStore: this }, data))
    })
  }

  createSession<S extends StoredSession>(request: SessionRequest, data: StoredSession): S {
    const session = baseCreateSession<S>().call(this, request, data)
    this.#issued.set(session, false)
    return session
  }

  get(sid: string): Promise<StoredSession | null>
  get(sid: string, callback: Callback<StoredSession | null>): undefined
  get(sid: string, callback?: Callback<StoredSession | null>) {
    return deliver(this.#sessions.find(sid), callback)
  }

  set(sid: string, session: StoredSession): Promise<undefined>
  set(sid: string, session: StoredSession, callback: Callback | undefined): undefined
  set(sid: string, session: StoredSession, callback?: Callback) {
    const issued = this.#issued.get(session)
    return deliver(
      this.#sessions.save(sid, session, { source: sourceOf(session), issued }),
      callback,
    )
  }

  touch(sid: string, session: StoredSession): Promise<undefined>
  touch(sid: string, session: StoredSession, callback: Callback | undefined): undefined
  touch(sid: string, session: StoredSession, callback?: Callback) {
    return deliver(this.#sessions.touch(sid, session), callback)
  }

  destroy(sid: string): Promise<undefined>
  destroy(sid: string, callback: Callback | undefined): undefined
  destroy(sid: string, callback?: Callback) {
    return deliver(this.#sessions.end(sid), callback)
  }

  all(): Promise<readonly ListedSession[]>
  all(callback: Callback<readonly ListedSession[]>): undefined
  all(callback?: Callback<readonly ListedSession[]>) {
    return deliver(this.#sessions.list(), callback)
  }

  idOf(sid: string): string {
    return this.#sessions.idOf(sid)
  }

  length(): Promise<number>
  length(callback: Callback<number>): undefined
  length(callback?: Callback<number>) {
    return deliver(this.#sessions.count(), callback)
  }

  clear(): Promise<undefined>
  clear(callback: Callback | undefined): undefined
  clear(callback?: Callback) {
    return deliver(this.#sessions.endAll(), callback)
  }
}

/** Calls the callback outside of the promise, so that an error it throws is not swallowed. */
function deliver<T>(work: Promise<T>, callback: Callback<T> | undefined): Promise<T> | undefined {
  if (callback === undefined) return work
  work.then(
    (value) => setImmediate(callback, null, value),
    (error: unknown) => setImmediate(callback, error),
  )
  return undefined
}

// Only express-session calls `createSession`, so an application on Fastify does not need it.
function baseCreateSession<S>(): CreateSession<S> {
  try {
    return createRequire(import.meta.url)('express-session').Store.prototype.createSession
  } catch (cause) {
    const message = 'This store needs express-session: install it.'
    throw new LatchkeyError('unavailable', message, { cause })
  }
}
