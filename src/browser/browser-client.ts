import { type CurrentSession, LatchkeyClientError, type ListedSession } from './answers.ts'
import { FIRST_PAUSE_MS, sleep, watchSession } from './session-watch.ts'
import { type BearerAnswer, type BrowserClientOptions, createTransport } from './transport.ts'

/**
 * A change of the session: this or another tab has logged in or out, the session has ended, or this
 * tab has loaded it.
 */
export type SessionChange =
  | { readonly kind: 'loaded' | 'login' | 'logout' }
  | { readonly kind: 'ended'; readonly reason: string }

/**
 * A client of the HTTP API for pages. All tabs of a browser share one session and learn of its
 * changes. Every method that calls the server throws a `LatchkeyClientError`.
 */
export interface BrowserClient {
  /** The session as it was last loaded; null without one, undefined before the first load. */
  readonly current: CurrentSession | null | undefined
  /** Loads the session from the server; null without one. Counts as a use of the session. */
  load(): Promise<CurrentSession | null>
  /** Registers an actor. Does not log in. */
  register(registration: {
    readonly name: string
    readonly password: string
    readonly email?: string
  }): Promise<void>
  /** Verifies a password and creates a session. The current session, if any, ends. */
  login(proof: {
    readonly identity: string
    readonly password: string
    readonly profile?: 'web' | 'device'
    readonly label?: string
  }): Promise<CurrentSession>
  /** Ends the session, in every tab. */
  logout(): Promise<void>
  /** Verifies the password again, for acts that need a fresh proof. */
  stepUp(password: string): Promise<CurrentSession>
  /** Lists the actor's live sessions, newest first. */
  listSessions(): Promise<readonly ListedSession[]>
  /** Ends one of the actor's sessions. */
  endSession(id: string): Promise<void>
  /** Ends all sessions of the actor except this one. */
  endOtherSessions(): Promise<void>
  /** Changes the password, and ends the actor's other sessions. */
  changePassword(change: { readonly current: string; readonly next: string }): Promise<void>
  /** Calls a command of the application. */
  command<T>(name: string, params?: unknown): Promise<{ readonly result: T }>
  /** Sends a request to any route of the server. The path begins after the server's prefix. */
  request<T>(method: string, path: string, body?: unknown): Promise<T>
  /** `fetch` with the session, for routes of the application; renews an expired token once. */
  fetch(url: string, init?: RequestInit): Promise<Response>
  /** Calls `listener` with every change of `current`. Returns a function that removes it. */
  subscribe(listener: (change: SessionChange) => void): () => void
  /**
   * Calls `listener` with the reason when the session ends anywhere but by a logout. The server tells
   * it at once, also to an idle page. Returns a function that removes it.
   */
  onEnded(listener: (reason: string) => void): () => void
  /** Calls `listener` when a tab has logged in. Returns a function that removes it. */
  onLogin(listener: () => void): () => void
  /** Calls `listener` when the session was logged out. Returns a function that removes it. */
  onLogout(listener: () => void): () => void
  /** Stops listening to the server and to other tabs. */
  close(): void
}

type LoginAnswer = CurrentSession & BearerAnswer

/** Codes of a refusal after which there is no session. */
const NO_SESSION = /^(token_|session_(expired|revoked))/

/** Makes a client of the server of this page, or of the one that the options name. */
export function createBrowserClient(options: BrowserClientOptions = {}): BrowserClient {
  const transport = createTransport(options)
  const listeners = new Set<(change: SessionChange) => void>()
  const channel = new BroadcastChannel(`latchkey ${transport.base}`)
  const stopped = new AbortController()
  let current: CurrentSession | null | undefined
  let watching = false
  let wake = () => {}

  const change = (next: CurrentSession | null, what: SessionChange, tell = true) => {
    const same = current !== undefined && next?.session.id === current?.session.id
    current = next
    if (next) wake()
    if (same) return
    if (tell && !stopped.signal.aborted) channel.postMessage(what)
    for (const listener of listeners) listener(what)
  }

  const end = (reason: string) =>
    change(null, reason === 'logged_out' ? { kind: 'logout' } : { kind: 'ended', reason })

  /** Calls the server. If it says that there is no session, `ended` is called with the reason. */
  const checked = async <T>(
    call: () => Promise<T>,
    ended: (reason: string) => void,
  ): Promise<T> => {
    const used = transport.readTokens()?.token
    try {
      return await call()
    } catch (error) {
      // If the tokens are newer, another tab has renewed the session or has logged in since.
      const gone = error instanceof LatchkeyClientError && NO_SESSION.test(error.code)
      if (gone && transport.readTokens()?.token === used) {
        transport.dropTokens()
        ended(error.reason ?? error.code)
      }
      throw error
    }
  }
  const request = <T>(method: string, path: string, body?: unknown) =>
    checked(
      () => transport.call<T>(method, path, body),
      (reason) => current && end(reason),
    )

  const load = async (what: SessionChange = { kind: 'loaded' }, tell = false, known?: string) => {
    try {
      const call = () => transport.call<CurrentSession>('GET', '/v1/session')
      const ended = (reason: string) =>
        current ? end(known ?? reason) : change(null, { kind: 'loaded' }, false)
      change(await checked(call, ended), what, tell)
    } catch (error) {
      if (current !== null) throw error
    }
    return current ?? null
  }

  const accept = (answer: LoginAnswer, kept?: string): CurrentSession => {
    transport.keepTokens(answer, kept)
    const { token: _, renewal: __, ...session } = answer
    change(session, { kind: 'login' })
    return session
  }

  channel.onmessage = ({ data }: MessageEvent<SessionChange>) => {
    if (data.kind === 'login') load(data).catch(() => {})
    else change(null, data, false)
  }

  const watched = {
    async live() {
      if (current === undefined) await load().catch(() => {})
      if (current !== null) return
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    },
    async ended(reason: string) {
      // A login replaces the session. Its answer, with the new cookie, may still be under way.
      if (reason === 'upgraded') await sleep(FIRST_PAUSE_MS, stopped.signal)
      await load({ kind: 'login' }, true, reason)
    },
  }
  const subscribe = (listener: (change: SessionChange) => void) => {
    listeners.add(listener)
    if (!watching) watchSession(transport, watched, stopped.signal)
    watching = true
    return () => void listeners.delete(listener)
  }
  const on = (kind: SessionChange['kind'], listener: (reason: string) => void) =>
    subscribe((what) => {
      if (what.kind === kind) listener('reason' in what ? what.reason : '')
    })

  return {
    get current() {
      return current
    },
    load: () => load(),
    register: (registration) => transport.call('POST', '/v1/actors', registration),
    async login(proof) {
      const body = transport.bearer ? proof : { ...proof, cookie: true }
      return accept(await transport.call('POST', '/v1/sessions', body))
    },
    async logout() {
      await request('DELETE', '/v1/session').catch((error) => {
        if (!NO_SESSION.test(error.code)) throw error
      })
      transport.dropTokens()
      end('logged_out')
    },
    async stepUp(password) {
      const kept = transport.readTokens()?.renewal
      return accept(await request('POST', '/v1/session/step-up', { password }), kept)
    },
    async listSessions() {
      const page = await request<{ sessions: ListedSession[] }>('GET', '/v1/sessions')
      return page.sessions
    },
    endSession: (id) => request('DELETE', `/v1/sessions/${encodeURIComponent(id)}`),
    endOtherSessions: () => request('DELETE', '/v1/sessions?except=current'),
    changePassword: (passwords) => request('POST', '/v1/password', passwords),
    command: (name, params = {}) =>
      request('POST', `/v1/commands/${encodeURIComponent(name)}`, params),
    request,
    fetch: transport.send,
    subscribe,
    onEnded: (listener) => on('ended', listener),
    onLogin: (listener) => on('login', () => listener()),
    onLogout: (listener) => on('logout', () => listener()),
    close() {
      stopped.abort()
      wake()
      channel.close()
    },
  }
}
