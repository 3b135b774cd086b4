import { randomUUID } from 'node:crypto'
import type { Actor, Authenticated, SessionListing } from '../../../core/index.ts'
import { answered } from './answered.ts'
import { GAME_SESSION, promiseSession } from './begin-session.ts'
import { withValue } from './called-back.ts'
import { resolveSession } from './resolve-session.ts'
import type { Services } from './services.ts'
import { Session } from './session.ts'
import { insideOf, type State } from './state.ts'

type Callback<T> = (error: unknown, value?: T) => void

/** `mage.session`: the sessions of an application's actors. */
export interface SessionModule {
  /** The idle time of a session, in seconds. */
  readonly sessionTTL: number
  /** When a session used now would be over, in seconds since 1970. */
  getNewExpirationTime(): number
  /**
   * Begins a session for an actor whom the application vouches for: of the house, with those tags of `meta.acl` that are its
   * roles, or of the application's own. It exists once the command succeeds.
   */
  register(
    state: State,
    actorId: unknown,
    language?: string | null,
    meta?: Readonly<Record<string, unknown>> | null,
  ): Session
  /** The session behind a key; undefined, and `session.unset` with the reason, for a key that is no good. */
  resolve(state: State, key: unknown, callback?: Callback<Session>): Promise<Session | undefined>
  /** An actor's newest session, without its key; undefined if it has none. */
  getActorSession(
    state: State,
    actorId: unknown,
    callback?: Callback<Session>,
  ): Promise<Session | undefined>
  /** Where actors can be reached: those who have a session. */
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

/** Makes `mage.session`; the house is that of the state, and `latest` where there is none. */
export function createSessionModule(latest: () => Services): SessionModule {
  const ttlMs = () => latest().authority.settings.get('profile.game.idleMs') ?? 0
  return {
    get sessionTTL() {
      return Math.floor(ttlMs() / 1000)
    },
    getNewExpirationTime: () => Math.floor((latest().authority.now() + ttlMs()) / 1000),

    register(state, actorId, language, meta) {
      const { services, caller } = insideOf(state)
      const id = actorId === undefined || actorId === null ? randomUUID() : String(actorId)
      const acl = tagsOf(meta?.['acl'])
      const wanted = { actorId: id, acl, meta: meta ?? {}, ...(language ? { language } : {}) }
      return promiseSession(state, wanted, async () => {
        const request = { ...GAME_SESSION, roles: acl }
        const known = await services.authority.sessions.loginAs(id, request, caller)
        if (known.ok || known.code !== 'not_found') return known
        const visitor = { ...request, actorId: id, vouched: true }
        return services.authority.sessions.loginAnonymous(visitor, caller)
      })
    },

    resolve(state, key, callback) {
      const { services, caller } = insideOf(state)
      const work = resolveSession(services, key, caller).then((resolved) => {
        if (resolved.ok) return resolved.session
        state.emit(null, 'session.unset', resolved.reason)
        return undefined
      })
      return answered(state, work, callback, withValue)
    },

    getActorSession(state, actorId, callback) {
      return answered(
        state,
        findSession(insideOf(state).services, String(actorId)),
        callback,
        withValue,
      )
    },

    getActorAddresses(state, actorIds, callback) {
      const { services } = insideOf(state)
      return answered(state, findAddresses(services, actorIds.map(String)), callback, withValue)
    },
  }
}

/** The access tags in a value; throws for what is no list of texts. */
export function tagsOf(acl: unknown): readonly string[] {
  if (acl === undefined || acl === null) return []
  if (Array.isArray(acl) && acl.every((tag) => typeof tag === 'string')) return [...acl]
  throw new TypeError('Access tags must be a list of texts.')
}

async function findSession(services: Services, owner: string): Promise<Session | undefined> {
  const { items } = await services.authority.sessions.list({ owner, limit: 100 })
  const listing = items.find(({ actsAs }) => actsAs === null)
  if (listing === undefined) return undefined
  const actor = await services.authority.actors.find(owner)
  const current = asAuthenticated(listing, actor)
  const facts = await services.facts.get(current)
  return new Session({ actorId: owner, facts, acl: current.session.roles, fullKey: null, current })
}

function asAuthenticated(listing: SessionListing, found: Actor | null): Authenticated {
  const { lastUsedAt: _, client: __, current: ___, roles: allowed, ...session } = listing
  const actor = found ?? visitor(listing)
  const roles = actor.roles
  const granted =
    allowed === null ? roles : allowed.filter((tag) => listing.anonymous || roles.includes(tag))
  return {
    ok: true,
    session: { ...session, roles: granted },
    actor,
    impersonator: null,
    token: null,
  }
}

function visitor({ owner, createdAt }: SessionListing): Actor {
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
    // The house finds the way itself; a session's handle stands for what would be its address.
    const addrName = `sess/${actorId}:${session.current?.session.id ?? ''}`
    addresses.push({ actorId, addrName, clusterId: 'latchkey', language })
  }
  return addresses
}
