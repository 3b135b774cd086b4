import { randomUUID } from 'node:crypto'
import type { Actor, Authenticated, SessionListing } from '../../../core/index.ts'
import { callBack, withValue } from './callback.ts'
import { deferSession, GAME_SESSION } from './create-session.ts'
import { MageSession } from './mage-session.ts'
import { resolveSession } from './resolve-session.ts'
import type { Services } from './services.ts'
import { findSessionData } from './session-data.ts'
import type { State } from './state.ts'
import { transactionOf } from './state-transaction.ts'

type Callback<T> = (error: unknown, value?: T) => void

/** `mage.session`: the sessions of an application's actors. */
export interface SessionModule {
  /** The idle time of a session, in seconds. */
  readonly sessionTTL: number
  /** Returns when a session that is used now would expire, in seconds since 1970. */
  getNewExpirationTime(): number
  /**
   * Registers a session for an actor that the application has authenticated. A registered actor gets those tags of `meta.acl` that are its
   * roles; for any other id an anonymous session with all of them is created. The session is created when the command succeeds.
   */
  register(
    state: State,
    actorId: unknown,
    language?: string | null,
    meta?: Readonly<Record<string, unknown>> | null,
  ): MageSession
  /** Returns the session of a key. For a key that is not valid, returns undefined and emits `session.unset` with the reason. */
  resolve(
    state: State,
    key: unknown,
    callback?: Callback<MageSession>,
  ): Promise<MageSession | undefined>
  /** Returns the newest session of an actor, without its key; undefined if it has none. */
  getActorSession(
    state: State,
    actorId: unknown,
    callback?: Callback<MageSession>,
  ): Promise<MageSession | undefined>
  /** Returns the addresses of those of the actors that have a session. */
  getActorAddresses(
    state: State,
    actorIds: readonly unknown[],
    callback?: Callback<readonly ActorAddress[]>,
  ): Promise<readonly ActorAddress[]>
}

interface ActorAddress {
  readonly actorId: string
  readonly addrName: string
  readonly clusterId: string
  readonly language: string
}

/** Makes `mage.session`. What is called without a state uses the services that `latest` returns. */
export function createSessionModule(latest: () => Services): SessionModule {
  const ttlMs = () => latest().authority.settings.get('profile.game.idleMs') ?? 0
  return {
    get sessionTTL() {
      return Math.floor(ttlMs() / 1000)
    },
    getNewExpirationTime: () => Math.floor((latest().authority.now() + ttlMs()) / 1000),

    register(state, actorId, language, meta) {
      const { services, caller } = transactionOf(state)
      const id = actorId === undefined || actorId === null ? randomUUID() : String(actorId)
      const acl = tagsOf(meta?.['acl'])
      const wanted = { actorId: id, acl, meta: meta ?? {}, ...(language ? { language } : {}) }
      return deferSession(state, wanted, async () => {
        const request = { ...GAME_SESSION, roles: acl }
        const { sessions } = services.authority
        const login = await sessions.loginAs(id, request, caller)
        if (login.ok || login.code !== 'not_found') return login
        return sessions.loginAnonymous({ ...request, actorId: id, vouched: true }, caller)
      })
    },

    resolve(state, key, callback) {
      const { services, caller } = transactionOf(state)
      const work = resolveSession(services, key, caller).then((resolved) => {
        if (resolved.ok) return resolved.session
        state.emit(null, 'session.unset', resolved.reason)
        return undefined
      })
      return callBack(state, work, callback, withValue)
    },

    getActorSession(state, actorId, callback) {
      return callBack(
        state,
        findSession(transactionOf(state).services, String(actorId)),
        callback,
        withValue,
      )
    },

    getActorAddresses(state, actorIds, callback) {
      const { services } = transactionOf(state)
      return callBack(state, findAddresses(services, actorIds.map(String)), callback, withValue)
    },
  }
}

/** Returns the access tags in a value; none for null. Throws `TypeError` for anything but a list of strings. */
export function tagsOf(acl: unknown): readonly string[] {
  if (acl === undefined || acl === null) return []
  if (Array.isArray(acl) && acl.every((tag) => typeof tag === 'string')) return [...acl]
  throw new TypeError('Access tags must be a list of strings.')
}

async function findSession(
  { authority }: Services,
  owner: string,
): Promise<MageSession | undefined> {
  const { items } = await authority.sessions.list({ owner, limit: 100 })
  const listing = items.find(({ actsAs }) => actsAs === null)
  if (listing === undefined) return undefined
  const current = asAuthenticated(listing, await authority.actors.find(owner))
  const data = await findSessionData(authority, current)
  return new MageSession({
    actorId: owner,
    data,
    acl: current.session.roles,
    fullKey: null,
    current,
  })
}

function asAuthenticated(listing: SessionListing, found: Actor | null): Authenticated {
  const { lastUsedAt: _, client: __, current: ___, ...session } = listing
  const actor = found ?? anonymousActor(listing)
  return { ok: true, session, actor, impersonator: null, token: null }
}

function anonymousActor({ owner, createdAt }: SessionListing): Actor {
  return {
    id: owner,
    name: 'Anonymous',
    identities: [],
    roles: [],
    status: 'active',
    anonymous: true,
    createdAt,
  }
}

async function findAddresses(
  services: Services,
  actorIds: readonly string[],
): Promise<readonly ActorAddress[]> {
  const addresses: ActorAddress[] = []
  for (const actorId of actorIds) {
    const session = await findSession(services, actorId)
    if (session === undefined) continue
    const { language } = session
    // Events are routed by actor: an address only identifies the session.
    const addrName = `sess/${actorId}:${session.current?.session.id ?? ''}`
    addresses.push({ actorId, addrName, clusterId: 'latchkey', language })
  }
  return addresses
}
