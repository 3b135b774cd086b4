import type { Refusal } from '../../errors.ts'
import type { EndSelector, Page, SessionQuery, StoredData } from '../../ports/index.ts'
import type { EndedSession, EndReason, SessionListing } from '../../session/record.ts'
import type { AuthorityContext, CallOptions } from '../context.ts'
import {
  type AnonymousLoginRequest,
  type LoggedIn,
  loginAnonymous,
  loginAs,
  type TrustedLoginRequest,
} from '../login/login.ts'
import { freshWithin } from '../login/step-up.ts'
import type {
  Authenticated,
  Authentication,
  RecheckOptions,
  SessionChecker,
} from './authenticate.ts'
import { cachedData, findData, type SessionDataView, saveData } from './data.ts'
import { impersonate, stopImpersonating } from './impersonate.ts'
import { createKeyedSessionsGroup, type KeyedSessionsGroup } from './keyed.ts'
import { listSessions } from './listing.ts'
import { type Refreshed, refresh, refreshDue } from './refresh.ts'
import { endOne, endSessions, lockAll } from './revoke.ts'

/**
 * Methods for existing sessions, and for creating a session without a password:
 * `authority.sessions`.
 */
export interface SessionsGroup {
  /**
   * Checks a session again for an open connection, without its token. The decision is the same as that of `authenticate`. It counts as
   * a use of the session unless `passive` is true.
   */
  recheck(current: Authenticated, options?: RecheckOptions): Promise<Authentication>
  /**
   * Returns `{ ok: true }` if the owner gave a proof within `ms` milliseconds (default: the setting
   * `session.freshMs`), else the refusal `step_up_required`.
   */
  freshWithin(current: Authenticated, ms?: number, options?: CallOptions): { ok: true } | Refusal
  /**
   * Creates a session for an actor whose proof was verified elsewhere, for example by another identity provider. Checks no password,
   * runs no guard and is not throttled. Refuses `not_found`, `actor_suspended`, `session_limit`, `conflict`.
   */
  loginAs(
    actorId: string,
    request?: TrustedLoginRequest,
    options?: CallOptions,
  ): Promise<LoggedIn | Refusal>
  /** Whether the row of a session belongs to another system: a connection on it is checked again every second. */
  isExternal(current: Authenticated): boolean
  /** Creates a session for an anonymous actor. It has the roles of `roles`, by default none. Refuses `throttled` by address. */
  loginAnonymous(
    request?: AnonymousLoginRequest,
    options?: CallOptions,
  ): Promise<LoggedIn | Refusal>
  /**
   * Creates a session in which the owner of `current` acts as another actor. It ends with `current`, and is valid while both
   * actors are active. Refuses `access_denied` without the role `impersonate`, for an administrator, for oneself and from within an
   * impersonation; `not_found` for an unknown or suspended target.
   */
  impersonate(
    current: Authenticated,
    targetId: string,
    options?: CallOptions,
  ): Promise<LoggedIn | Refusal>
  /**
   * Ends an impersonation; its parent session stays valid. Refuses `invalid_request` for any other
   * session.
   */
  stopImpersonating(current: Authenticated, options?: CallOptions): Promise<{ ok: true } | Refusal>
  /**
   * Returns the next token of a session that is renewed by use (profile `agent`): the same secret
   * with a later expiry, never past the end of the session. Writes only the use, so concurrent
   * calls do not conflict; the previous token stays valid until its own expiry. `current` must be
   * the result of `authenticate`. Refuses `invalid_request` for other profiles, `access_denied`
   * under impersonation.
   */
  refresh(current: Authenticated, options?: CallOptions): Promise<Refreshed | Refusal>
  /**
   * Returns whether so much of a checked token's life has passed (setting `token.refreshThreshold`)
   * that the client should get the next one. False if `refresh` would refuse or would not extend
   * it.
   */
  refreshDue(current: Authenticated, options?: CallOptions): boolean
  /**
   * Returns the data of a session, from the cache if possible: `{ value: null, version: 0 }` if
   * there is none.
   */
  findData(current: Authenticated, options?: CallOptions): Promise<SessionDataView>
  /**
   * Returns the data of a session as JSON text, without waiting, if it is cached and the cache is trusted; else null. The same object
   * while the data has not changed.
   */
  cachedData(current: Authenticated): StoredData | null
  /**
   * Replaces the data of a session, and returns its new version. With `version` it writes only if
   * that is still the version (0: nothing was saved yet), else the last write wins. Throws
   * `conflict` if it is not, or if the session has ended; `too_large` above the setting
   * `session.maxDataBytes`; `invalid_request` for a value that is not JSON.
   */
  saveData(
    current: Authenticated,
    data: { readonly value: unknown; readonly version?: number },
    options?: CallOptions,
  ): Promise<number>
  /** Sessions that are found by a key chosen by the caller, for stores of request sessions. */
  readonly keyed: KeyedSessionsGroup
  /**
   * Ends sessions: durably in the store, then in this process (cache and open connections), then on every other node. Resolves
   * when all of that is done, with the sessions that ended; a session that had ended before is not among them.
   */
  end(
    which: EndSelector,
    options?: CallOptions & { /** `revoked` by default. */ readonly reason?: EndReason },
  ): Promise<readonly EndedSession[]>
  /**
   * Ends one session, with `owner` only a session of that owner; a session that ended before and is
   * still kept counts too. Refuses `not_found` for any other id: the refusal is the same whether the
   * session belongs to another owner or does not exist.
   */
  endOne(
    which: { readonly id: string; readonly owner?: string },
    options?: CallOptions & { /** `revoked` by default. */ readonly reason?: EndReason },
  ): Promise<{ ok: true; ended: readonly EndedSession[] } | Refusal>
  /** Ends every session of this authority by raising the global epoch, and returns the new epoch. */
  lockAll(options?: CallOptions): Promise<number>
  /**
   * Lists live sessions, newest first, in pages of `limit` (100 by default, 1,000 at most).
   * Contains ids, never tokens.
   */
  list(
    query: Partial<Omit<SessionQuery, 'now'>> & { readonly current?: string },
    options?: CallOptions,
  ): Promise<Page<SessionListing>>
  /** Returns the number of live sessions, optionally of one owner, profile, door or group. */
  count(
    query?: Partial<Omit<SessionQuery, 'now' | 'limit' | 'after'>>,
    options?: CallOptions,
  ): Promise<number>
}

export function createSessionsGroup(
  context: AuthorityContext,
  checker: SessionChecker,
): SessionsGroup {
  return {
    recheck: (current, options = {}) => checker.recheck(current, options),
    freshWithin: (current, ms, options = {}) =>
      freshWithin(context, current, ms ?? context.settings.get('session.freshMs'), options),
    loginAs: (actorId, request = {}, options = {}) => loginAs(context, actorId, request, options),
    isExternal: ({ token }) => context.external.some(({ format }) => format === token?.format),
    loginAnonymous: (request = {}, options = {}) => loginAnonymous(context, request, options),
    impersonate: (current, targetId, options = {}) =>
      impersonate(context, current, targetId, options),
    stopImpersonating: (current, options = {}) => stopImpersonating(context, current, options),
    refresh: (current, options = {}) => refresh(context, current, options),
    refreshDue: (current, options = {}) => refreshDue(context, current, options),
    findData: (current, options = {}) => findData(context, current.session.id, options),
    cachedData: (current) => cachedData(context, current.session.id),
    saveData: (current, data, options = {}) => saveData(context, current, data, options),
    keyed: createKeyedSessionsGroup(context, checker),
    end: (which, options = {}) => endSessions(context, which, options),
    endOne: (which, options = {}) => endOne(context, which, options),
    lockAll: (options = {}) => lockAll(context, options),
    list: (query, options = {}) => listSessions(context, query, options),
    count: (query = {}, options = {}) =>
      context.ask(
        () => context.store.sessions.count({ ...query, now: context.now(options) }),
        options.signal,
      ),
  }
}
