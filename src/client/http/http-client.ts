import type { Actor, SessionListing, SessionView } from '../../core/index.ts'
import { notLatchkey } from './read-answer.ts'
import { createSend, type HttpCall, type HttpClientOptions } from './send.ts'

/** The answer to a login and to a renewal. */
export interface LoggedInAnswer {
  /** The new or renewed session. */
  readonly session: SessionView
  /** The actor of the session. */
  readonly actor: Actor
  /** The token of the session. */
  readonly token: string
  /** The renewal code, if the session can be renewed. */
  readonly renewal?: string
}

/** The current session and its actor. */
export interface WhoAmIAnswer {
  /** The session of the token. */
  readonly session: SessionView
  /** The actor of the session. */
  readonly actor: Actor
  /** The actor that impersonates `actor`. */
  readonly impersonator?: Actor
}

/** A page of sessions, newest first. */
export interface SessionPage {
  /** At most `limit` sessions. */
  readonly sessions: readonly SessionListing[]
  /** The value of `after` for the next page. */
  readonly next?: string
}

/** The codes of a device login (RFC 8628). */
export interface DeviceCodes {
  /** The secret with which the device polls. */
  readonly deviceCode: string
  /** The code that the device shows to its user. */
  readonly userCode: string
  /** When the codes expire, in epoch milliseconds. */
  readonly expiresAt: number
  /** How long to wait between polls, in milliseconds. */
  readonly intervalMs: number
}

/** The state of a device login; once it is approved, its session. */
export type DevicePollAnswer =
  | { readonly state: 'pending' | 'slow_down'; readonly intervalMs: number }
  | (LoggedInAnswer & { readonly state: 'approved' })

/** A device that waits for approval, as it describes itself. */
export interface PendingDevice {
  /** The address that it asked from. */
  readonly address: string | null
  /** Its `User-Agent` header. */
  readonly userAgent: string | null
  /** The name that it gave itself. */
  readonly label: string | null
  /** The profile of the session that it asks for. */
  readonly profile: string
  /** When it asked, in epoch milliseconds. */
  readonly startedAt: number
  /** When the codes expire, in epoch milliseconds. */
  readonly expiresAt: number
}

/**
 * Sends a request and returns the JSON of the answer, or null. Throws the server's refusal with its
 * code, `unavailable` if no Latchkey server answers, `timeout`.
 */
export type SendRequest = <T>(method: string, path: string, call?: HttpCall) => Promise<T>

/**
 * A client of a server's HTTP API. Every method throws a `LatchkeyError`: the server's refusal with
 * its code, `unavailable` if no Latchkey server answers, or `timeout`.
 */
export interface HttpClient {
  /** The URL of the server. */
  readonly server: string
  /** Sends a request to any route. */
  readonly request: SendRequest
  /** Reads a listing page by page, at most `limit` items. */
  pages<T>(
    path: string,
    key: string,
    query: HttpCall['query'],
    limit: number,
  ): AsyncGenerator<readonly T[], { readonly more: boolean }>
  /** Registers an actor. */
  register(registration: {
    readonly name: string
    readonly password: string
    readonly email?: string
  }): Promise<Actor>
  /** Verifies a password and creates a session. The current session, if any, ends. */
  login(proof: {
    readonly identity: string
    readonly password: string
    /** `web` (default) or `device`. */
    readonly profile?: string | undefined
    readonly label?: string | undefined
    /** The id of a session of the same actor to end, if it has too many. */
    readonly endSession?: string | undefined
  }): Promise<LoggedInAnswer>
  /** Returns the current session and its actor. */
  whoAmI(): Promise<WhoAmIAnswer>
  /** Exchanges a renewal code for the next token and code. A retry returns the same. */
  renew(renewal: string): Promise<LoggedInAnswer>
  /** Verifies the password again. The old token is invalid at once. */
  stepUp(password: string): Promise<LoggedInAnswer>
  /** Ends the current session. */
  logout(): Promise<void>
  /** Lists the actor's live sessions. */
  listSessions(page?: { readonly limit?: number; readonly after?: string }): Promise<SessionPage>
  /** Ends one of the actor's sessions. */
  endSession(id: string): Promise<void>
  /** Ends all sessions of the actor except the current one. */
  endOtherSessions(): Promise<void>
  /** Changes the password, and by default ends the actor's other sessions. */
  changePassword(change: {
    readonly current: string
    readonly next: string
    readonly sessions?: 'keep' | 'revoke-others' | 'revoke-all'
  }): Promise<void>
  /** Starts the login of a device. */
  startDevice(device?: {
    readonly client?: string
    readonly profile?: string | undefined
  }): Promise<DeviceCodes>
  /** Returns the state of a device login. */
  pollDevice(deviceCode: string): Promise<DevicePollAnswer>
  /** Returns what a device that waits for approval reports about itself. Needs a fresh proof. */
  findDevice(userCode: string): Promise<PendingDevice>
  /** Approves a device login as the current actor. Needs a fresh proof. */
  approveDevice(userCode: string): Promise<void>
  /** Denies a device login. Needs a fresh proof. */
  denyDevice(userCode: string): Promise<void>
  /** Calls a command of the application, and returns its result and the events for the caller. */
  command<T>(
    name: string,
    params?: unknown,
  ): Promise<{ readonly result: T; readonly events: readonly unknown[] }>
}

const PAGE = 1000

/** Makes a client of a server's HTTP API. Throws `invalid_request` if `server` is not a URL. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  return createHttpClientFrom(options.server.replace(/\/+$/, ''), createSend(options))
}

/** Makes a client from a function that sends one request, for example over another protocol. */
export function createHttpClientFrom(server: string, request: SendRequest): HttpClient {
  const post = <T>(path: string, body: unknown) => request<T>('POST', path, { body })
  const remove = (path: string) => request<void>('DELETE', path)
  return {
    server,
    request,
    async *pages<T>(path: string, key: string, query: HttpCall['query'], limit: number) {
      let after: string | undefined
      let left = limit
      do {
        const page = await request<Record<string, unknown>>('GET', path, {
          query: { ...query, limit: Math.min(left, PAGE), after },
        })
        const items = page[key]
        if (!Array.isArray(items)) throw notLatchkey(server, 200)
        yield items as T[]
        left -= items.length
        after = typeof page['next'] === 'string' ? page['next'] : undefined
      } while (after !== undefined && left > 0)
      return { more: after !== undefined }
    },
    async register(registration) {
      return (await post<{ actor: Actor }>('/v1/actors', registration)).actor
    },
    login: (proof) => post('/v1/sessions', proof),
    whoAmI: () => request('GET', '/v1/session'),
    renew: (renewal) => post('/v1/session/renew', { renewal }),
    stepUp: (password) => post('/v1/session/step-up', { password }),
    logout: () => remove('/v1/session'),
    listSessions: (query = {}) => request('GET', '/v1/sessions', { query: { ...query } }),
    endSession: (id) => remove(`/v1/sessions/${encodeURIComponent(id)}`),
    endOtherSessions: () => remove('/v1/sessions?except=current'),
    changePassword: (change) => post('/v1/password', change),
    startDevice: (device = {}) => post('/v1/device', device),
    pollDevice: (deviceCode) => post('/v1/device/token', { deviceCode }),
    findDevice: (userCode) => post('/v1/device/lookup', { userCode }),
    approveDevice: (userCode) => post('/v1/device/approve', { userCode }),
    denyDevice: (userCode) => post('/v1/device/deny', { userCode }),
    command: (name, params = {}) => post(`/v1/commands/${encodeURIComponent(name)}`, params),
  }
}
