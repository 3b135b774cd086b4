import { type Actor, type Identity, valuesOf } from '../../actor.ts'
import { type Refusal, refuse } from '../../errors.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import { reserveIdentityChange } from '../login/attempts.ts'
import { provePassword } from '../login/step-up.ts'
import { displayName, emailIdentity, nameIdentity, taken } from './actors.ts'
import { managed } from './managed-directory.ts'

/** A change of an actor's name or e-mail address. */
export interface ActorUpdate {
  /** The id of the actor to change. */
  readonly actorId: string
  /** The new display and login name. */
  readonly name?: string
  /** The new e-mail address. */
  readonly email?: string
  /** Verified first, if given. */
  readonly currentPassword?: string
}

/**
 * Changes an actor's name, its e-mail address or both in one write; omitted fields stay, and an
 * update without changes succeeds. Of many simultaneous requests for one identity exactly one
 * succeeds; the others are refused with `identity_taken`, and `issues` names the field. Also
 * refuses `invalid_request`, `not_found`, `throttled`, and if a password is given
 * `credentials_invalid` and `busy`.
 */
export function updateActor(
  context: AuthorityContext,
  update: ActorUpdate,
  options: CallOptions,
): Promise<{ ok: true; actor: Actor } | Refusal> {
  return settle(async () => {
    managed(context)
    const { actorId, currentPassword } = update
    if (currentPassword !== undefined) {
      const proof = await provePassword(context, actorId, currentPassword, options)
      if (!proof.ok) {
        const entry = context.entry('actor_updated', proof.code, { actor: actorId }, options)
        await context.ask(() => context.store.audit.append([entry]))
        return proof
      }
    }
    for (let attempt = 0; attempt < 5; attempt++) {
      const outcome = await updateOnce(context, update, options)
      if (outcome !== null) return outcome
    }
    return refuse('conflict', 'Other requests changed the account at the same time. Try again.')
  })
}

// Returns null if the actor changed in the meantime and must be read again.
async function updateOnce(
  context: AuthorityContext,
  { actorId, name, email }: ActorUpdate,
  options: CallOptions,
): Promise<{ ok: true; actor: Actor } | Refusal | null> {
  const actor = (await context.findCredential(actorId, options.signal))?.actor
  if (actor === undefined) return refuse('not_found', 'There is no such actor.')
  const next = {
    name: name === undefined ? actor.name : displayName(name),
    identities: identitiesAfter(actor, name, email),
    now: context.now(options),
  }
  const before = valuesOf(actor.identities)
  const added = next.identities.filter(({ value }) => !before.includes(value))
  const same = added.length === 0 && next.identities.length === actor.identities.length
  if (same && next.name === actor.name) return { ok: true, actor }
  const allowed = await reserveIdentityChange(context, actorId, options)
  if (!allowed.ok) return allowed
  const detail = { name: name !== undefined, email: email !== undefined }
  const audit = context.entry('actor_updated', 'ok', { actor: actorId, detail }, options)
  const outcome = await context.write(
    () => managed(context).setIdentities(actorId, next, actor.identities, { audit }),
    (done) => (done === 'ok' ? { kind: 'actor-changed', id: actorId } : null),
  )
  if (outcome === 'taken') return taken(context, added, actorId)
  return outcome === 'ok'
    ? { ok: true, actor: { ...actor, name: next.name, identities: next.identities } }
    : null
}

/**
 * Returns the identities after a change: those of an omitted kind stay, with their verification
 * time.
 */
function identitiesAfter(
  actor: Actor,
  name: string | undefined,
  email: string | undefined,
): Identity[] {
  const changes = [
    ...(name === undefined ? [] : [nameIdentity(name)]),
    ...(email === undefined ? [] : [emailIdentity(email)]),
  ]
  const kept = actor.identities.filter(
    ({ kind }) => !changes.some((change) => change.kind === kind),
  )
  const unchanged = (change: Identity) =>
    actor.identities.find(({ value, kind }) => value === change.value && kind === change.kind)
  return [...changes.map((change) => unchanged(change) ?? change), ...kept].sort(byKind)
}

// Sorts names first, as at registration.
function byKind(one: Identity, other: Identity): number {
  return Number(one.kind === 'email') - Number(other.kind === 'email')
}
