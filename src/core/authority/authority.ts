import { type Actor, canonicalIdentity } from '../actor.ts'
import type { AuditPage, AuditQuery } from '../audit.ts'
import type { Refusal } from '../errors.ts'
import type { ActorQuery, Page, SessionQuery } from '../ports/index.ts'
import type { EndedSession, SessionListing } from '../session/record.ts'
import type { SettingName, Settings } from '../settings.ts'
import * as actors from './actors/actors.ts'
import { AgentVerbs } from './agent-verbs.ts'
import {
  type Authenticated,
  type Authentication,
  Checker,
  type RecheckOptions,
} from './sessions/authenticate.ts'
import { type Claim, claim, createClaimCode } from './actors/claim.ts'
import type { SessionRequest } from './sessions/create-session.ts'
import type { CallOptions, Change, House } from './context.ts'
import { impersonate, stopImpersonating } from './sessions/impersonate.ts'
import { findData, listSessions, type SessionData, saveData } from './sessions/listing.ts'
import {
  type LoggedIn,
  type LoginProof,
  type LoginRequest,
  login,
  loginAnonymous,
  loginAs,
  type VisitorRequest,
  verifyLogin,
} from './login/login.ts'
import { type Pruned, prune } from './maintain.ts'
import { changePassword, type PasswordChange, resetPassword } from './actors/passwords.ts'
import { type RenewOptions, renew } from './sessions/renew.ts'
import { type EndRequest, endSessions, lockAll, logout } from './sessions/revoke.ts'
import { freshWithin, stepUp } from './login/step-up.ts'
import { type ActorUpdate, updateActor } from './actors/update-actor.ts'

type Options = CallOptions
type Outcome<T> = Promise<T | Refusal>

/**
 * The session authority: every verb that begins, checks, renews, lists or ends a session. Verbs whose refusals a
 * caller expects return `{ ok: false, code }`; the others throw `LatchkeyError`. Each takes where the request comes
 * from and a `signal` as its last argument. Made by `createAuthority`.
 */
export class Authority extends AgentVerbs {
  readonly #house: House
  readonly #checker: Checker
  readonly #stop: () => Promise<void>

  constructor(house: House, stop: () => Promise<void>) {
    const checker = new Checker(house)
    super(house, checker)
    this.#house = house
    this.#checker = checker
    this.#stop = stop
  }

  // Check

  /**
   * Checks a token of any registered format: the one verifier, whichever door asks. Refuses `token_missing`, `token_invalid`,
   * and, only to a right secret, `session_expired` and `session_revoked` with the reason; `unavailable` when it cannot know.
   */
  authenticate(token: string | null | undefined, options: Options = {}): Promise<Authentication> {
    return this.#checker.authenticate(token, options)
  }

  /**
   * Checks a session again for a connection that stands on it, without its token: the same decision, and a use of the session unless
   * `passive`.
   */
  recheck(current: Authenticated, options: RecheckOptions = {}): Promise<Authentication> {
    return this.#checker.recheck(current, options)
  }

  /** Whether the owner proved who it is within `ms`, by default the setting `session.freshMs`. */
  freshWithin(current: Authenticated, ms?: number, options: Options = {}): { ok: true } | Refusal {
    return freshWithin(this.#house, current, ms ?? this.setting('session.freshMs'), options)
  }

  // Begin

  /** {@link login} */
  login(request: LoginRequest, options: Options = {}): Outcome<LoggedIn> {
    return login(this.#house, request, options)
  }

  /** {@link verifyLogin} */
  verifyLogin(proof: LoginProof, options: Options = {}): Outcome<{ ok: true; actor: Actor }> {
    return verifyLogin(this.#house, proof, options)
  }

  /** {@link loginAs} */
  loginAs(actorId: string, request: SessionRequest = {}, options: Options = {}): Outcome<LoggedIn> {
    return loginAs(this.#house, actorId, request, options)
  }

  /** {@link loginAnonymous} */
  loginAnonymous(request: VisitorRequest = {}, options: Options = {}): Outcome<LoggedIn> {
    return loginAnonymous(this.#house, request, options)
  }

  /** {@link impersonate} */
  impersonate(current: Authenticated, targetId: string, options: Options = {}): Outcome<LoggedIn> {
    return impersonate(this.#house, current, targetId, options)
  }

  // Go on

  /** {@link renew} */
  renew(code: string, options: RenewOptions = {}): Outcome<LoggedIn> {
    return renew(this.#house, code, options)
  }

  /** {@link stepUp} */
  stepUp(
    current: Authenticated,
    proof: { readonly password: string; readonly format?: string },
    options: Options = {},
  ): Outcome<LoggedIn> {
    return stepUp(this.#house, current, proof, options)
  }

  /** {@link findData} */
  findData(current: Authenticated, options: Options = {}): Promise<SessionData> {
    return findData(this.#house, current, options)
  }

  /** {@link saveData} */
  saveData(current: Authenticated, data: SessionData, options: Options = {}): Promise<number> {
    return saveData(this.#house, current, data, options)
  }

  // End

  /** {@link logout} */
  logout(current: Authenticated, options: Options = {}): Promise<void> {
    return logout(this.#house, current, options)
  }

  /** {@link stopImpersonating} */
  stopImpersonating(current: Authenticated, options: Options = {}): Outcome<{ ok: true }> {
    return stopImpersonating(this.#house, current, options)
  }

  /** {@link endSessions} */
  endSessions(request: EndRequest, options: Options = {}): Promise<readonly EndedSession[]> {
    return endSessions(this.#house, request, options)
  }

  /** {@link lockAll} */
  lockAll(request: { readonly by?: string | null } = {}, options: Options = {}): Promise<number> {
    return lockAll(this.#house, request, options)
  }

  // See

  /** {@link listSessions} */
  listSessions(
    query: Partial<Omit<SessionQuery, 'now'>> & { readonly current?: string },
    options: Options = {},
  ): Promise<Page<SessionListing>> {
    return listSessions(this.#house, query, options)
  }

  /** How many sessions are live. */
  countSessions(options: Options = {}): Promise<number> {
    const now = this.#house.now(options)
    return this.#house.ask(() => this.#house.store.sessions.count({ now }), options.signal)
  }

  /** The audit trail, newest first. */
  listAudit(query: AuditQuery, options: Options = {}): Promise<AuditPage> {
    return this.#house.ask(() => this.#house.store.audit.list(query), options.signal)
  }

  // Actors and passwords

  /** {@link actors.register} */
  register(
    registration: actors.Registration,
    options: Options = {},
  ): Outcome<{ ok: true; actor: Actor }> {
    return actors.register(this.#house, registration, options)
  }

  /** {@link actors.importActor} */
  importActor(
    imported: actors.ImportedActor,
    by: string | null = null,
    options: Options = {},
  ): Outcome<{ ok: true; actor: Actor }> {
    return actors.importActor(this.#house, imported, by, options)
  }

  /** {@link updateActor} */
  updateActor(update: ActorUpdate, options: Options = {}): Outcome<{ ok: true; actor: Actor }> {
    return updateActor(this.#house, update, options)
  }

  /** An actor by id, suspended or not; null if there is none. */
  async findActor(id: string, options: Options = {}): Promise<Actor | null> {
    return (await this.#house.findCredential(id, options.signal))?.actor ?? null
  }

  /** The actor behind a name or an e-mail address as typed, suspended or not; null if there is none. */
  async findActorByIdentity(identity: string, options: Options = {}): Promise<Actor | null> {
    const canonical = canonicalIdentity(identity)
    if (canonical === null) return null
    const find = () => this.#house.directory.findByIdentity(canonical)
    return (await this.#house.ask(find, options.signal))?.actor ?? null
  }

  /** Actors of the authority's own directory, oldest first. */
  searchActors(query: ActorQuery, options: Options = {}): Promise<Page<Actor>> {
    return this.#house.ask(() => this.#house.store.directory.search(query), options.signal)
  }

  /** {@link actors.suspend} */
  suspend(id: string, by: string | null = null, options: Options = {}): Promise<Actor | null> {
    return actors.suspend(this.#house, id, by, options)
  }

  /** {@link actors.restore} */
  restore(id: string, by: string | null = null, options: Options = {}): Promise<Actor | null> {
    return actors.restore(this.#house, id, by, options)
  }

  /** {@link actors.setRoles} */
  setRoles(
    id: string,
    roles: readonly string[],
    by: string | null = null,
    options: Options = {},
  ): Promise<Actor | null> {
    return actors.setRoles(this.#house, id, roles, by, options)
  }

  /** Says that an actor of a brought directory changed: every node reads it anew at the next check. */
  actorChanged(id: string): Promise<void> {
    return this.#house.announce({ kind: 'actor-changed', id })
  }

  /** {@link changePassword} */
  changePassword(
    change: PasswordChange & { readonly currentPassword: string },
    options: Options = {},
  ): Outcome<{ ok: true }> {
    return changePassword(this.#house, change, options)
  }

  /** {@link resetPassword} */
  resetPassword(change: PasswordChange, options: Options = {}): Outcome<{ ok: true }> {
    return resetPassword(this.#house, change, options)
  }

  /** {@link createClaimCode} */
  createClaimCode(options: Options = {}): Promise<string | null> {
    return createClaimCode(this.#house, options)
  }

  /** {@link claim} */
  claim(request: Claim, options: Options = {}): Outcome<LoggedIn> {
    return claim(this.#house, request, options)
  }

  // The house

  /** A setting's value in force. */
  setting<N extends SettingName>(name: N): Settings[N] {
    return this.#house.settings.get(name)
  }

  /** Every setting with its value, default and meaning. */
  listSettings(): ReturnType<House['settings']['list']> {
    return this.#house.settings.list()
  }

  /** Changes a setting on every node while they run; `undefined` goes back to the default. Throws `invalid_request`. */
  async setSetting(
    name: string,
    value: unknown,
    by: string | null = null,
    options: Options = {},
  ): Promise<void> {
    const house = this.#house
    await house.write(
      () => house.settings.set(name, value),
      () => ({ kind: 'settings-changed' }),
      options.signal,
    )
    const detail = { name, value: JSON.stringify(value) ?? null }
    const entry = house.entry('setting_changed', 'ok', { actor: by, detail }, options)
    await house.ask(() => house.store.audit.append([entry]))
  }

  /** Calls back with every change of sessions, actors and settings, made here or on another node. Returns how to stop. */
  onChange(listener: (change: Change) => void): () => void {
    return this.#house.onChange(listener)
  }

  /** {@link prune} */
  prune(options: Options & { readonly maxSteps?: number } = {}): Promise<Pruned> {
    return prune(this.#house, options)
  }

  /** The time as the store has it, in epoch milliseconds. */
  now(): number {
    return this.#house.store.clock.now()
  }

  /** Asks the store a small question. Throws `unavailable` when it does not answer. */
  async ping(options: Options = {}): Promise<void> {
    await this.#house.ask(() => this.#house.store.sessions.findEpochs(''), options.signal)
  }

  /** What fills the memory and the queues, for metrics. */
  stats() {
    const { sessions, actors: known, hasher } = this.#house
    return {
      cachedSessions: sessions.size,
      cachedBytes: sessions.bytes + known.bytes,
      cachedActors: known.size,
      passwords: hasher.stats(),
    }
  }

  /** Writes what is pending and lets go of the store. Idempotent. */
  close(): Promise<void> {
    return this.#stop()
  }
}
