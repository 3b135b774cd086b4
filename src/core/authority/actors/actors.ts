import { randomUUID } from 'node:crypto'
import {
  type Actor,
  canonicalActorId,
  checkRoles,
  type Identity,
  ROLES,
  valuesOf,
} from '../../actor.ts'
import { isNoPassword } from '../../credential/password/index.ts'
import { LatchkeyError, type Refusal, refuse } from '../../errors.ts'
import { type Canonical, canonicalEmail, canonicalName } from '../../identity/index.ts'
import type { ActorWithCredential, EpochOptions, ManagedDirectory } from '../../ports/index.ts'
import { endedChange } from '../changes.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import { endExternalOf } from '../sessions/external.ts'
import { leaveAdministration } from './last-administrator.ts'
import { managed } from './managed-directory.ts'

/** Returns the identities of a name and an e-mail address. Throws `invalid_request`. */
export function identitiesOf(name: string, email: string | undefined): Identity[] {
  const identities = [nameIdentity(name), ...(email === undefined ? [] : [emailIdentity(email)])]
  return identities.filter(({ value }, at) => valuesOf(identities).indexOf(value) === at)
}

/** Returns the identity of a name. Throws `invalid_request`. */
export function nameIdentity(name: string): Identity {
  return identityOf('name', canonicalName(name))
}

/** Returns the identity of an e-mail address. Throws `invalid_request`. */
export function emailIdentity(email: string): Identity {
  return identityOf('email', canonicalEmail(email))
}

function identityOf(kind: Identity['kind'], canonical: Canonical): Identity {
  const value = canonical.ok ? canonical.value : invalid(kind, canonical.reason)
  return { value, kind, verifiedAt: null }
}

/** Returns a name in its display form. */
export function displayName(name: string): string {
  return name.normalize('NFC').trim()
}

function invalid(path: string, message: string): never {
  throw new LatchkeyError('invalid_request', `${path}: ${message}.`, {
    issues: [{ path, message }],
  })
}

/** Returns the refusal for identities that another actor has. */
export async function taken(
  context: AuthorityContext,
  identities: readonly Identity[],
  actorId?: string,
): Promise<Refusal> {
  const issues: { path: string; message: string }[] = []
  for (const { value, kind } of identities) {
    const found = await context.ask(() => context.directory.findByIdentity(value))
    if (found === null || found.actor.id === actorId) continue
    issues.push({ path: kind, message: 'has already been taken' })
  }
  const first = issues[0] ?? { path: 'name', message: 'has already been taken' }
  return refuse('identity_taken', `${first.path}: ${first.message}.`, { issues })
}

/** An actor exported from another system, with its password hash. */
export interface ImportedActor {
  /** A new UUID by default. A UUID of any version is stored in lower case. */
  readonly id?: string
  /** The display name and login name: unique in canonical form, without an `@`. */
  readonly name: string
  /** The actor's e-mail address. None by default. */
  readonly email?: string
  /** Null, empty, `*` or text that starts with `!` means an actor without a password. */
  readonly passwordHash?: string | null
  /** `["user"]` by default. */
  readonly roles?: readonly string[]
  /** `active` by default. */
  readonly status?: 'active' | 'suspended'
  /** When the other system registered the actor, in epoch milliseconds; now by default. */
  readonly createdAt?: number
}

/**
 * Adds an actor with a password hash made by another system. The hash verifies unchanged, and is
 * replaced at the first login if it covers the whole password.
 */
export function importActor(
  context: AuthorityContext,
  imported: ImportedActor,
  options: CallOptions,
): Promise<{ ok: true; actor: Actor } | Refusal> {
  return settle(async () => {
    const directory = managed(context)
    const identities = identitiesOf(imported.name, imported.email)
    checkRoles(imported.roles ?? [])
    const stored = imported.passwordHash ?? ''
    const passwordHash = isNoPassword(stored) ? null : stored
    const reason = passwordHash === null ? null : context.hasher.whyUnsupported(passwordHash)
    if (reason !== null) invalid('passwordHash', reason)
    const actor: Actor = {
      id: imported.id === undefined ? randomUUID() : canonicalActorId(imported.id),
      name: displayName(imported.name),
      identities,
      roles: imported.roles ?? ['user'],
      status: imported.status ?? 'active',
      anonymous: false,
      createdAt: imported.createdAt ?? context.now(options),
    }
    const audit = context.entry(
      'actor_created',
      'ok',
      { actor: options.by ?? null, target: actor.id, detail: { imported: true } },
      options,
    )
    const created = await context.ask(() => directory.create(actor, passwordHash, { audit }))
    if (created) return { ok: true, actor }
    return importRefusal(context, { ...actor, id: imported.id ?? '' }, passwordHash)
  })
}

// Distinguishes a record that was imported before from one of another actor with the same name.
async function importRefusal(
  context: AuthorityContext,
  actor: Actor,
  passwordHash: string | null,
): Promise<Refusal> {
  const { id, identities } = actor
  const [name] = identities
  const find = () => context.directory.findByIdentity(name?.value ?? '')
  const found = await context.ask(find)
  if (found !== null && isSameRecord(found, actor, passwordHash)) {
    const { message, issues } = alreadyTaken('name')
    return refuse('identity_taken', message, { issues, reason: SAME_RECORD })
  }
  const hasId = id !== '' && (await context.findCredential(canonicalActorId(id))) !== null
  if (!hasId) return taken(context, identities)
  const { message, issues } = alreadyTaken('id')
  return refuse('identity_taken', message, { issues })
}

/** The reason of an import that is refused because the same record was imported before. */
export const SAME_RECORD = 'same_record'

function alreadyTaken(path: string) {
  const message = 'has already been taken'
  return { message: `${path}: ${message}.`, issues: [{ path, message }] }
}

// A login replaces a foreign hash, so a stored argon2id hash does not tell a record apart.
function isSameRecord(
  found: ActorWithCredential,
  { id, identities }: Actor,
  passwordHash: string | null,
): boolean {
  const sameId = id === '' || found.actor.id === canonicalActorId(id)
  const known = valuesOf(found.actor.identities)
  const wanted = valuesOf(identities)
  const sameIdentities =
    known.length === wanted.length && wanted.every((one) => known.includes(one))
  const rehashed =
    found.passwordHash?.startsWith('$argon2id$') === true &&
    passwordHash?.startsWith('$argon2id$') === false
  return sameId && sameIdentities && (found.passwordHash === passwordHash || rehashed)
}

/**
 * Suspends an actor: it cannot log in, and its sessions and the impersonations of it end. Returns
 * null if there is none. Throws `conflict` for the last active administrator.
 */
export async function suspend(
  context: AuthorityContext,
  actorId: string,
  options: CallOptions,
): Promise<Actor | null> {
  const audit = context.entry(
    'actor_suspended',
    'ok',
    { actor: options.by ?? null, target: actorId },
    options,
  )
  const directory = managed(context)
  const ending = { now: context.now(options), reason: 'suspended' } as const
  const write = () =>
    context.write(
      async () => {
        const actor = await directory.update(
          actorId,
          { status: 'suspended' },
          { audit, raiseEpoch: true },
        )
        if (actor === null) return null
        const { sessions } = context.store
        const raiseEpoch = await directory.findEpoch(actorId)
        const owned = await sessions.end({ owner: actorId, raiseEpoch }, ending)
        const acting = await sessions.end({ actsAs: actorId }, ending)
        const elsewhere = await endExternalOf(context, { owner: actorId }, ending)
        return { actor, ended: [...owned, ...acting, ...elsewhere] }
      },
      // The ended sessions are published first, so that open connections receive the reason from that
      // message.
      (done) =>
        done && [
          endedChange(done.ended),
          { kind: 'owner-epoch-raised', owner: actorId },
          { kind: 'actor-changed', id: actorId },
        ],
      options.signal,
    )
  return (await leaveAdministration(context, actorId, write, options))?.actor ?? null
}

/** Allows a suspended actor to log in again. Returns null if there is none. */
export async function restore(
  context: AuthorityContext,
  actorId: string,
  options: CallOptions,
): Promise<Actor | null> {
  const audit = context.entry(
    'actor_restored',
    'ok',
    { actor: options.by ?? null, target: actorId },
    options,
  )
  return change(context, actorId, { status: 'active' }, { audit })
}

/**
 * Replaces an actor's roles. Removing a role takes effect at the next check of the actor's
 * sessions. Returns null if there is no such actor.
 */
export async function setRoles(
  context: AuthorityContext,
  actorId: string,
  roles: readonly string[],
  options: CallOptions,
): Promise<Actor | null> {
  checkRoles(roles)
  const detail = { roles: roles.join(' ') }
  const audit = context.entry(
    'roles_changed',
    'ok',
    { actor: options.by ?? null, target: actorId, detail },
    options,
  )
  const write = () => change(context, actorId, { roles }, { audit })
  if (roles.includes(ROLES.admin)) return write()
  return leaveAdministration(context, actorId, write, options)
}

async function change(
  context: AuthorityContext,
  actorId: string,
  changes: Parameters<ManagedDirectory['update']>[1],
  options: EpochOptions,
): Promise<Actor | null> {
  const directory = managed(context)
  return context.write(
    () => directory.update(actorId, changes, options),
    (actor) => (actor === null ? null : { kind: 'actor-changed', id: actorId }),
  )
}
