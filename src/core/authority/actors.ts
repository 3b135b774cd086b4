import { randomUUID } from 'node:crypto'
import { type Actor, canonicalActorId, isEmail } from '../actor.ts'
import { LatchkeyError, type Refusal, refuse } from '../errors.ts'
import { type Canonical, canonicalEmail, canonicalName } from '../identity/index.ts'
import { isNoPassword } from '../password/index.ts'
import type { ManagedDirectory } from '../ports.ts'
import { reserveCreation } from './attempts.ts'
import { type CallOptions, type House, settle } from './house.ts'
import { requireGoodPassword } from './passwords.ts'
import { endSessions } from './revoke.ts'

export interface Registration {
  /** The actor's id, for applications that have ids of their own; a new UUID by default. A UUID is kept in lower case. */
  readonly id?: string
  /** Shown, and typed to log in: unique in canonical form, without an `@`. */
  readonly name: string
  readonly password: string
  readonly email?: string
  /** `["user"]` by default. */
  readonly roles?: readonly string[]
}

/** The directory, if the authority keeps it itself. */
export function managed(house: House): ManagedDirectory {
  const directory = house.directory as Partial<ManagedDirectory>
  if (directory.create === undefined || directory.update === undefined) {
    throw new LatchkeyError('invalid_request', 'This directory is not kept by the authority.')
  }
  return house.directory as ManagedDirectory
}

function identitiesOf(name: string, email: string | undefined): string[] {
  return [...new Set([nameIdentity(name), ...(email === undefined ? [] : [emailIdentity(email)])])]
}

/** The identity that a name is. Throws `invalid_request`. */
export function nameIdentity(name: string): string {
  return valueOr('name', canonicalName(name))
}

/** The identity that an e-mail address is. Throws `invalid_request`. */
export function emailIdentity(email: string): string {
  return valueOr('email', canonicalEmail(email))
}

function valueOr(path: string, canonical: Canonical): string {
  return canonical.ok ? canonical.value : invalid(path, canonical.reason)
}

/** A name as it is shown. */
export function displayName(name: string): string {
  return name.normalize('NFC').trim()
}

function invalid(path: string, message: string): never {
  throw new LatchkeyError('invalid_request', `${path}: ${message}.`, {
    issues: [{ path, message }],
  })
}

/**
 * Registers an actor. Of many simultaneous registrations of one identity exactly one wins; the others are refused with
 * `identity_taken`, naming which in `issues`. Also refuses `invalid_request`, `password_refused`, `throttled`, `busy`.
 */
export function register(
  house: House,
  registration: Registration,
  options: CallOptions,
): Promise<{ ok: true; actor: Actor } | Refusal> {
  return settle(async () => {
    const directory = managed(house)
    const identities = identitiesOf(registration.name, registration.email)
    const allowed = await reserveCreation(house, 'register', options)
    if (!allowed.ok) return allowed
    requireGoodPassword(house, registration.password, identities)
    const passwordHash = await house.hasher.hash(
      registration.password,
      options.signal === undefined ? {} : { signal: options.signal },
    )
    const actor: Actor = {
      id: registration.id === undefined ? randomUUID() : canonicalActorId(registration.id),
      name: displayName(registration.name),
      identities,
      roles: registration.roles ?? ['user'],
      status: 'active',
      anonymous: false,
      createdAt: house.now(options),
    }
    const audit = house.entry('actor_created', 'ok', { actor: actor.id }, options)
    const created = await house.ask(() => directory.create(actor, passwordHash, { audit }))
    return created ? { ok: true, actor } : taken(house, identities)
  })
}

/** The refusal of identities of which another actor has one or more. */
export async function taken(
  house: House,
  identities: readonly string[],
  actorId?: string,
): Promise<Refusal> {
  const issues: { path: string; message: string }[] = []
  for (const identity of identities) {
    const found = await house.ask(() => house.directory.findByIdentity(identity))
    if (found === null || found.actor.id === actorId) continue
    issues.push({ path: isEmail(identity) ? 'email' : 'name', message: 'has already been taken' })
  }
  const first = issues[0] ?? { path: 'name', message: 'has already been taken' }
  return refuse('identity_taken', `${first.path}: ${first.message}.`, { issues })
}

/** One actor of a dump, with the hash it had elsewhere. */
export interface ImportedActor {
  /** A new UUID by default. A UUID, of any version, is kept in lower case. */
  readonly id?: string
  readonly name: string
  readonly email?: string
  /** Null, empty, `*` or what begins with `!` for an actor without a password. */
  readonly passwordHash?: string | null
  readonly roles?: readonly string[]
  readonly status?: 'active' | 'suspended'
  readonly createdAt?: number
}

/** Adds an actor whose password was hashed elsewhere: it verifies as it is, and is rehashed at the first login if it proves the whole password. */
export function importActor(
  house: House,
  imported: ImportedActor,
  by: string | null,
  options: CallOptions,
): Promise<{ ok: true; actor: Actor } | Refusal> {
  return settle(async () => {
    const directory = managed(house)
    const identities = identitiesOf(imported.name, imported.email)
    const stored = imported.passwordHash ?? ''
    const passwordHash = isNoPassword(stored) ? null : stored
    const reason = passwordHash === null ? null : house.hasher.whyUnsupported(passwordHash)
    if (reason !== null) invalid('passwordHash', reason)
    const actor: Actor = {
      id: imported.id === undefined ? randomUUID() : canonicalActorId(imported.id),
      name: displayName(imported.name),
      identities,
      roles: imported.roles ?? ['user'],
      status: imported.status ?? 'active',
      anonymous: false,
      createdAt: imported.createdAt ?? house.now(options),
    }
    const audit = house.entry(
      'actor_created',
      'ok',
      { actor: by, target: actor.id, detail: { imported: true } },
      options,
    )
    const created = await house.ask(() => directory.create(actor, passwordHash, { audit }))
    return created ? { ok: true, actor } : taken(house, identities)
  })
}

/** Suspends an actor: it logs in no more, and every session of it and as it ends. Null if there is none. */
export async function suspend(
  house: House,
  actorId: string,
  by: string | null,
  options: CallOptions,
): Promise<Actor | null> {
  const audit = house.entry('actor_suspended', 'ok', { actor: by, target: actorId }, options)
  const actor = await change(house, actorId, { status: 'suspended' }, audit)
  if (actor === null) return null
  const reason = 'suspended'
  await endSessions(house, { which: { owner: actorId, raiseEpoch: true }, reason, by }, options)
  await endSessions(house, { which: { actsAs: actorId }, reason, by }, options)
  return actor
}

/** Lets a suspended actor log in again. Null if there is none. */
export async function restore(
  house: House,
  actorId: string,
  by: string | null,
  options: CallOptions,
): Promise<Actor | null> {
  const audit = house.entry('actor_restored', 'ok', { actor: by, target: actorId }, options)
  return change(house, actorId, { status: 'active' }, audit)
}

/** Replaces an actor's roles; a role taken away counts at the next check of its sessions. Null if there is none. */
export async function setRoles(
  house: House,
  actorId: string,
  roles: readonly string[],
  by: string | null,
  options: CallOptions,
): Promise<Actor | null> {
  const detail = { roles: roles.join(' ') }
  const audit = house.entry('roles_changed', 'ok', { actor: by, target: actorId, detail }, options)
  return change(house, actorId, { roles }, audit)
}

async function change(
  house: House,
  actorId: string,
  changes: Parameters<ManagedDirectory['update']>[1],
  audit: ReturnType<House['entry']>,
): Promise<Actor | null> {
  const directory = managed(house)
  return house.write(
    () => directory.update(actorId, changes, { audit }),
    (actor) => (actor === null ? null : { kind: 'actor-changed', id: actorId }),
  )
}
