import { randomUUID } from 'node:crypto'
import { LatchkeyError, type Refusal, refuse } from '../../errors.ts'
import type { DataPut, Epochs, Page, SessionQuery } from '../../ports/index.ts'
import type { ProfileName } from '../../session/profile.ts'
import type { EndReason, SessionRecord } from '../../session/record.ts'
import { deriveKeyed } from '../../token/keyed-session.ts'
import { digestSecret, hashSecret } from '../../token/secret.ts'
import { addressOf } from '../address-of.ts'
import { endedChange } from '../changes.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import type { SessionChecker } from './authenticate.ts'
import { dataText, findData, type SessionDataView } from './data.ts'
import { endSessions } from './revoke.ts'

/** A session that is found by a key chosen by the caller, with its data. */
export interface KeyedSession extends SessionDataView {
  /** True: the session is live. */
  readonly ok: true
  /** The public handle. The key is a secret and is never listed. */
  readonly id: string
  /** The id of the actor that owns the session. */
  readonly owner: string
  /** Whether the session has no owner that logged in. */
  readonly anonymous: boolean
  /** The label set at creation; null without one. */
  readonly group: string | null
  /** When the session was created, in epoch milliseconds. */
  readonly createdAt: number
  /** When the session expires unless it is used before, in epoch milliseconds. */
  readonly expiresAt: number
}

/** The values written to a keyed session. */
export interface KeyedPut {
  /** Any JSON value. */
  readonly value: unknown
  /** `create`, `update` or `upsert` (default): see {@link DataPut.mode}. */
  readonly mode?: DataPut['mode']
  /** Write only if the data has this version. Absent: the last write wins. */
  readonly version?: number
  /**
   * When the session ends (epoch milliseconds). Can be moved both ways, within the profile's
   * absolute end. Also holds for an anonymous session that no client has presented yet.
   */
  readonly endsAt?: number
  /**
   * The owner, with the epochs read before the proof; anonymous by default. Used only when the
   * session is created.
   */
  readonly owner?: { readonly id: string; readonly epochs: Epochs }
  /**
   * `web` by default, `anonymous` for an anonymous session. Used only when the session is created.
   */
  readonly profile?: ProfileName
  /**
   * A label by which sessions are listed, counted and ended, at most 64 characters. Used only when
   * the session is created.
   */
  readonly group?: string
}

/** Sessions that are found by a key chosen by the caller: `authority.sessions.keyed`. */
export interface KeyedSessionsGroup {
  /**
   * Returns the public handle of a key, computed without a look-up. Throws `invalid_request` for a
   * key under 22 characters.
   */
  idOf(key: string): string
  /**
   * Returns the epochs to give with an owner in `put`. Read them before the proof is checked, so
   * that a change of the password in the meantime refuses the session.
   */
  findEpochs(owner: string, options?: CallOptions): Promise<Epochs>
  /**
   * Checks the session of a key, and returns it with its data. Suspension, epochs and binding count
   * as in `authenticate`. Refuses `token_invalid` if there is none, `session_expired`,
   * `session_revoked`, `unavailable`.
   */
  find(key: string, options?: CallOptions): Promise<KeyedSession | Refusal>
  /**
   * Writes the data of a key in one durable write, and creates the session if `mode` allows it.
   * Refuses `session_revoked` for a session that has ended (it is never restored), `conflict` for
   * another version or an existing session under `create`, `too_large`, `invalid_request`.
   */
  put(
    key: string,
    put: KeyedPut,
    options?: CallOptions,
  ): Promise<{ readonly ok: true; readonly version: number; readonly created: boolean } | Refusal>
  /** Ends the session of a key. Returns true if it was live. */
  end(key: string, options?: CallOptions & { readonly reason?: EndReason }): Promise<boolean>
  /**
   * Lists live sessions with their data by owner, group, door or profile, newest first, in pages,
   * with one read per page.
   */
  list(
    query: Partial<Omit<SessionQuery, 'now'>>,
    options?: CallOptions,
  ): Promise<Page<Omit<KeyedSession, 'ok'>>>
}

export function createKeyedSessionsGroup(
  context: AuthorityContext,
  checker: SessionChecker,
): KeyedSessionsGroup {
  const parse = (key: string) => deriveKeyed(context.installationKey, key)
  return {
    idOf: (key) => parse(key).id,

    findEpochs: (owner, { signal } = {}) =>
      context.ask(() => context.store.sessions.findEpochs(owner), signal),

    find: (key, options = {}) =>
      settle(async () => {
        const { id, secret } = parse(key)
        const check = await checker.checkSecret(id, digestSecret(secret), options)
        if (!check.ok) return check
        const { session } = check
        return { ok: true, ...viewOf(session), ...(await findData(context, id, options)) }
      }),

    put: (key, put, options = {}) => settle(() => write(context, parse(key), put, options)),

    async end(key, options = {}) {
      const { id } = parse(key)
      return (await endSessions(context, { id }, options)).length > 0
    },

    async list(query, options = {}) {
      const now = context.now(options)
      const page = await context.ask(
        () => context.store.data.list({ limit: 100, ...query, now }),
        options.signal,
      )
      const items = page.items.map(({ record, data }) => ({
        ...viewOf({ ...record, expiresAt: context.expiresAt(record) }),
        value: data === null ? null : JSON.parse(data.value),
        version: data?.version ?? 0,
      }))
      return { ...page, items }
    },
  }
}

type Viewed = Pick<SessionRecord, 'id' | 'owner' | 'anonymous' | 'group' | 'createdAt'> & {
  readonly expiresAt: number
}

function viewOf({ id, owner, anonymous, group, createdAt, expiresAt }: Viewed) {
  return { id, owner, anonymous, group, createdAt, expiresAt }
}

async function write(
  context: AuthorityContext,
  { id, secret }: { readonly id: string; readonly secret: string },
  put: KeyedPut,
  options: CallOptions,
): Promise<{ readonly ok: true; readonly version: number; readonly created: boolean } | Refusal> {
  const now = context.now(options)
  const value = dataText(context, put.value)
  const record = await recordOf(context, { id, secret, now }, put, options)
  const { mode = 'upsert', version } = put
  const outcome = await context.write(
    () =>
      context.store.data.put({
        mode,
        record,
        value,
        now,
        ...(version === undefined ? {} : { expectedVersion: version }),
        ...(record.anonymous
          ? { perAddress: context.settings.get('anonymous.maxPerAddress') }
          : {}),
      }),
    (done) => {
      if (!done.ok) return null
      const ended = endedChange(done.ended)
      if (done.created) return ended
      const data = { kind: 'data-changed', id } as const
      // An earlier end revokes something, so it waits until every node has applied it.
      if (done.endsEarlier) return [{ kind: 'session-rotated', id }, ended, data]
      return [put.endsAt === undefined ? null : { kind: 'session-changed', id }, ended, data]
    },
    options.signal,
  )
  if (outcome.ok && outcome.created && record.anonymous) context.anonymous.count()
  if (outcome.ok) return { ok: true, version: outcome.version, created: outcome.created }
  if (outcome.refused === 'ended') {
    return refuse('session_revoked', 'The session has ended.', { reason: 'revoked' })
  }
  if (outcome.refused === 'exists') return refuse('conflict', 'This session exists already.')
  return refuse('conflict', 'The data or the account changed in the meantime. Load it again.')
}

async function recordOf(
  context: AuthorityContext,
  { id, secret, now }: { readonly id: string; readonly secret: string; readonly now: number },
  { owner, profile, endsAt, group }: KeyedPut,
  options: CallOptions,
): Promise<SessionRecord> {
  const profileName = profile ?? (owner === undefined ? 'anonymous' : 'web')
  const policy = context.settings.profile(profileName)
  if (policy === null) {
    throw new LatchkeyError('invalid_request', `There is no profile ${profileName}.`)
  }
  if (group !== undefined && (group.length < 1 || group.length > 64)) {
    throw new LatchkeyError('invalid_request', 'A group has 1 to 64 characters.')
  }
  const ownerId = owner?.id ?? randomUUID()
  const epochs =
    owner?.epochs ?? (await context.ask(() => context.store.sessions.findEpochs(ownerId)))
  const latest = now + policy.absoluteMs
  return {
    id,
    owner: ownerId,
    actsAs: null,
    parent: null,
    anonymous: owner === undefined,
    profile: profileName,
    door: options.door ?? 'library',
    tokenHash: hashSecret(secret),
    previousTokenHash: null,
    previousTokenUntil: 0,
    renewal: null,
    createdAt: now,
    authenticatedAt: now,
    factors: [],
    lastUsedAt: now,
    tokenExpiresAt: null,
    // The caller decides when the session ends, and moves the end at each use.
    idleMs: endsAt === undefined ? policy.idleMs : null,
    endsAt: Math.min(endsAt ?? latest, latest),
    client: {
      address: addressOf(options),
      userAgent: options.userAgent?.slice(0, 400) ?? null,
      label: null,
    },
    binding: null,
    roles: owner === undefined ? [] : null,
    group: group ?? null,
    globalEpoch: epochs.global,
    ownerEpoch: epochs.owner,
    generation: 0,
    issuedAt: now,
    usedAt: now,
    version: 1,
    endedAt: null,
    endReason: null,
  }
}
