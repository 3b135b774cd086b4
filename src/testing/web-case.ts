import type { Authority } from '../core/index.ts'
import type { FakeClock } from './fake-clock.ts'

/** How the application under test sets up `sessions` and `authentication`. */
export interface WebAppOptions {
  /** The lifetime of sessions, in milliseconds. */
  readonly lifetime?: number
  /** Whether each answer sets the cookie again. */
  readonly rolling?: boolean
  /** Whether each visitor gets a session. */
  readonly saveUninitialized?: boolean
  /** What happens when two requests change the same data. */
  readonly onConflict?: 'merge' | 'throw'
  /** What happens to a request without a user. */
  readonly onFailure?: 'continue' | 'throw' | { readonly redirect: string }
  /** The paths that need a login. */
  readonly include?: readonly string[]
  /** The paths that need none. */
  readonly exclude?: readonly string[]
  /** The keys of the login manager and the authenticator; one key by default. */
  readonly secretKey?: string | readonly string[]
  /** How a password is verified: right away, by a promise, or by a promise of a truthy value that is not `true`. */
  readonly verifier?: 'sync' | 'async' | 'truthy'
  /** Whether a guard decides about impersonation in place of the scope: it lets `bob` alone. */
  readonly impersonationGuard?: boolean
  /** Whether a query parameter enters an impersonation. */
  readonly queryParameter?: string
  /** The store of an application that was opened before, so that both have the same sessions. */
  readonly sharedWith?: WebSubject
}

/** A request of a client, with its own headers. */
export interface WebRequestInit {
  /** Headers by name. */
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
}

/**
 * An application on one adapter, with the users `ada` (password `ada-secret`, the scope `reports`), `bob` (`bob-secret`) and `root`
 * (`root-secret`, the scope `auth:impersonate_others`), whose ids are the numbers 1, 2 and 3. Its routes:
 *
 * - `GET /me`, `GET /public/me`, `GET /admin/me`: `{ user, state, original, id, data }`
 * - `POST /login { name, password, guard?, remember? }`: as `/me`, or 401; the guard `before` or `after` throws, which is answered with 418
 * - `POST /logout`, `POST /regenerate`, `POST /rotate`, `POST /destroy`: as `/me`
 * - `POST /data { key: value }`: sets values of the session, null deletes; as `/me`
 * - `POST /slow { key: value }`: as `/data`, but waits for `release` before it changes anything
 * - `GET /private` (`requireLogin`), `GET /reports` (`requireScope`), `GET /fresh` (`requireFresh` of 10 minutes)
 * - `POST /impersonate { user }`, `POST /exit`: as `/me`
 * - `GET /form`: `{ token }`; `POST /form { token }`
 *
 * A `LatchkeyError` is answered with its HTTP status and `{ code }`.
 */
export interface WebSubject {
  /** The authority of the application. */
  readonly authority: Authority
  /** The clock of the authority. */
  readonly clock: FakeClock
  /** Sends a request over HTTP, and follows no redirect. */
  send(method: string, path: string, init?: WebRequestInit): Promise<Response>
  /** Changes a password in the application's own table, without the authority. */
  setPassword(name: string, password: string): void
  /** Removes a user from the application's own table. */
  removeUser(name: string): void
  /** The users that guards of logins have seen, in order; null for an unknown one. */
  readonly guarded: readonly (string | null)[]
  /** Resolves when a request of `/slow` waits. */
  slowReached(): Promise<void>
  /** Lets the waiting requests of `/slow` go on. */
  release(): void
}

/** A case that each adapter must pass. Each gets applications of its own. */
export interface WebCase {
  /** What the case shows. */
  readonly name: string
  /** Runs the case. Rejects with an `AssertionError` if the adapter does not pass it. */
  run(open: (options?: WebAppOptions) => Promise<WebSubject>): Promise<void>
}
