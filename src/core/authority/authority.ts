import type { AuditPage, AuditQuery } from '../audit.ts'
import type { Refusal } from '../errors.ts'
import { type ActorsGroup, createActorsGroup } from './actors/actors-group.ts'
import { type CredentialsGroup, createCredentialsGroup } from './actors/credentials-group.ts'
import type { Change } from './changes.ts'
import type { StoredClient } from './clients/client.ts'
import { type ClientsGroup, createClientsGroup } from './clients/clients-group.ts'
import type { AuthorityContext, CallOptions } from './context.ts'
import { createDevicesGroup, type DevicesGroup } from './devices/devices-group.ts'
import { createEventsGroup, type EventsGroup } from './events-group.ts'
import { createKeysGroup, type KeysGroup } from './keys-group.ts'
import { type LoggedIn, type LoginRequest, login } from './login/login.ts'
import { stepUp } from './login/step-up.ts'
import { type Pruned, prune } from './maintain.ts'
import {
  type Authenticated,
  type Authentication,
  type RecheckOptions,
  SessionChecker,
} from './sessions/authenticate.ts'
import { type RenewOptions, renew } from './sessions/renew.ts'
import { logout } from './sessions/revoke.ts'
import { createSessionsGroup, type SessionsGroup } from './sessions/sessions-group.ts'
import { createSettingsGroup, type SettingsGroup } from './settings-group.ts'

/** The document of `checkWrites`. */
const WRITE_CHECK = 'write-check'
const WRITE_CHECK_CHARS = 5000

/** The audit trail: `authority.audit`. */
export interface AuditGroup {
  /** Returns a page of the trail, newest first. */
  list(query: AuditQuery, options?: CallOptions): Promise<AuditPage>
}

/** How much memory and how many queue places are in use. */
export interface AuthorityStats {
  /** The number of cached sessions. */
  readonly cachedSessions: number
  /** Estimated bytes of cached sessions and actors. */
  readonly cachedBytes: number
  /** The number of cached actors. */
  readonly cachedActors: number
  /** The password hashing queue. */
  readonly passwords: ReturnType<AuthorityContext['hasher']['stats']>
}

/**
 * The session authority, created by `createAuthority`. The methods of a session's life cycle are on
 * the class itself; the others are in groups. A method with an expected refusal returns `{ ok:
 * false, code }`; other failures throw `LatchkeyError`. The last argument contains the source of
 * the request and a `signal`.
 */
export class Authority {
  /** Sessions: list, end, impersonate, data. */
  readonly sessions: SessionsGroup
  /** Actors: register, find, update, suspend, roles. */
  readonly actors: ActorsGroup
  /** Passwords. */
  readonly credentials: CredentialsGroup
  /** Device authorization (RFC 8628). */
  readonly devices: DevicesGroup
  /** Clients of the OAuth endpoints. */
  readonly clients: ClientsGroup
  /** Settings that can change at run time. */
  readonly settings: SettingsGroup
  /** The audit trail. */
  readonly audit: AuditGroup
  /** Keys that sign tokens. */
  readonly keys: KeysGroup
  /** Events between nodes, and mailboxes. */
  readonly events: EventsGroup
  readonly #context: AuthorityContext
  readonly #checker: SessionChecker
  readonly #stop: () => Promise<void>

  /** Use `createAuthority`. */
  constructor(
    context: AuthorityContext,
    stop: () => Promise<void>,
    clients: readonly StoredClient[] = [],
  ) {
    this.#context = context
    this.#checker = new SessionChecker(context)
    this.#stop = stop
    this.sessions = createSessionsGroup(context, this.#checker)
    this.actors = createActorsGroup(context)
    this.credentials = createCredentialsGroup(context)
    this.devices = createDevicesGroup(context)
    this.clients = createClientsGroup(context, this.#checker, clients)
    this.settings = createSettingsGroup(context)
    this.audit = {
      list: (query, options = {}) =>
        context.ask(() => context.store.audit.list(query), options.signal),
    }
    this.keys = createKeysGroup(context)
    this.events = createEventsGroup(context)
  }

  /**
   * Verifies a password and creates a session. The answer and the work are the same for an unknown
   * identity and a wrong password. Refuses `credentials_invalid`, `actor_suspended` (only for the
   * right password), `throttled`, `busy`, `session_limit`, `conflict`, `unavailable`. A
   * `LatchkeyError` thrown by a guard becomes a refusal with its code; any other thrown value
   * becomes `access_denied` with that value as `cause`.
   */
  login(request: LoginRequest, options: CallOptions = {}): Promise<LoggedIn | Refusal> {
    return login(this.#context, request, options)
  }

  /**
   * Checks a token of any registered format; every door calls this method. Refuses `token_missing`,
   * `token_invalid`, and only for the right secret `session_expired` and `session_revoked` with the
   * reason; `unavailable` when the store cannot be reached and the cache is not trusted. A check counts
   * as a use of the session unless `passive` is true.
   */
  authenticate(
    token: string | null | undefined,
    options: RecheckOptions = {},
  ): Promise<Authentication> {
    return this.#checker.authenticate(token, options)
  }

  /**
   * Exchanges a renewal code for the next token and code. The session keeps its id and its open
   * connections. A retry within the grace period returns the same successor, on any node; an older
   * code that was used before ends the session (`session_revoked`, reason `reuse_detected`).
   * Source: RFC 9700 4.14.2, FAPI 2.0.
   */
  renew(code: string, options: RenewOptions = {}): Promise<LoggedIn | Refusal> {
    return renew(this.#context, code, options)
  }

  /**
   * Verifies the password again within a session and replaces the token: the id, the renewal code and open connections stay, the old token is
   * invalid at once. Refuses as `login` does, and `access_denied` under impersonation.
   */
  stepUp(
    current: Authenticated,
    proof: { readonly password: string; readonly format?: string },
    options: CallOptions = {},
  ): Promise<LoggedIn | Refusal> {
    return stepUp(this.#context, current, proof, options)
  }

  /**
   * Ends the session and the impersonations that were started from it. Resolves when it is ended on
   * every node.
   */
  logout(current: Authenticated, options: CallOptions = {}): Promise<void> {
    return logout(this.#context, current, options)
  }

  /**
   * Calls `listener` with every change of sessions, actors and settings, made on this or another
   * node. Returns a function that removes the listener.
   */
  onChange(listener: (change: Change) => void): () => void {
    return this.#context.onChange(listener)
  }

  /**
   * Removes sessions, audit entries, counters and documents that are past their retention, in small
   * steps (at most `maxSteps`), and rotates old signing keys. `createAuthority` runs it every
   * `pruneEveryMs`.
   */
  prune(options: CallOptions & { readonly maxSteps?: number } = {}): Promise<Pruned> {
    return prune(this.#context, options)
  }

  /** Returns the time of the store's clock, in epoch milliseconds. */
  now(): number {
    return this.#context.store.clock.now()
  }

  /**
   * Sends the store a small query. Throws `unavailable` when it does not answer within the
   * deadline.
   */
  async ping(options: CallOptions = {}): Promise<void> {
    await this.#context.ask(() => this.#context.store.sessions.findEpochs(''), options.signal)
  }

  /**
   * Writes a small document and removes it. Throws `unavailable` when the store does not write it within the deadline, as on a full disk.
   */
  async checkWrites(options: CallOptions = {}): Promise<void> {
    const { store } = this.#context
    const now = this.#context.now(options)
    // Larger than a page of a database, so that a full one cannot find room for it in a page that it has.
    const value = 'x'.repeat(WRITE_CHECK_CHARS)
    const save = () => store.documents.save(WRITE_CHECK, value, { now })
    await this.#context.ask(save, options.signal)
    await this.#context.ask(() => store.documents.remove(WRITE_CHECK, { now }), options.signal)
  }

  /** Returns how much memory and how many queue places are in use, for metrics. */
  stats(): AuthorityStats {
    const { sessions, actors: known, hasher } = this.#context
    return {
      cachedSessions: sessions.size,
      cachedBytes: sessions.bytes + known.bytes,
      cachedActors: known.size,
      passwords: hasher.stats(),
    }
  }

  /** Writes buffered data and closes the store. Idempotent. */
  close(): Promise<void> {
    return this.#stop()
  }
}
