import { type Actor, isEmail } from '../actor.ts'
import { type Refusal, refuse } from '../errors.ts'
import { displayName, emailIdentity, managed, nameIdentity, taken } from './actors.ts'
import { reserveCreation } from './attempts.ts'
import { type CallOptions, type House, settle } from './house.ts'
import { provePassword } from './step-up.ts'

export interface ActorUpdate {
  readonly actorId: string
  /** Shown, and typed to log in, in place of the name before. */
  readonly name?: string
  /** In place of the e-mail address before. */
  readonly email?: string
  /** Proved first, where it is given. */
  readonly currentPassword?: string
}

/**
 * Changes an actor's name, its e-mail address or both, by one write; what is not named stays, and with nothing to change the
 * answer is that all is well. Of many that want one identity exactly one gets it; the others are refused with `identity_taken`,
 * naming which in `issues`. Also refuses `invalid_request`, `not_found`, `throttled`, and where a password is given
 * `credentials_invalid` and `busy`.
 */
export function updateActor(
  house: House,
  update: ActorUpdate,
  options: CallOptions,
): Promise<{ ok: true; actor: Actor } | Refusal> {
  return settle(async () => {
    managed(house)
    const { actorId, currentPassword } = update
    if (currentPassword !== undefined) {
      const proof = await provePassword(house, actorId, currentPassword, options)
      if (!proof.ok) {
        const entry = house.entry('actor_updated', proof.code, { actor: actorId }, options)
        await house.ask(() => house.store.audit.append([entry]))
        return proof
      }
    }
    for (let attempt = 0; attempt < 5; attempt++) {
      const outcome = await updateOnce(house, update, options)
      if (outcome !== null) return outcome
    }
    return refuse('conflict', 'The account keeps changing. Try again.')
  })
}

// Null when the actor changed in between, so that what stays of it must be read again.
async function updateOnce(
  house: House,
  { actorId, name, email }: ActorUpdate,
  options: CallOptions,
): Promise<{ ok: true; actor: Actor } | Refusal | null> {
  const actor = (await house.findCredential(actorId, options.signal))?.actor
  if (actor === undefined) return refuse('not_found', 'There is no such actor.')
  const next = {
    name: name === undefined ? actor.name : displayName(name),
    identities: identitiesAfter(actor, name, email),
  }
  const added = next.identities.filter((identity) => !actor.identities.includes(identity))
  const same = added.length === 0 && next.identities.length === actor.identities.length
  if (same && next.name === actor.name) return { ok: true, actor }
  const allowed = await reserveCreation(house, 'rename', options)
  if (!allowed.ok) return allowed
  const detail = { name: name !== undefined, email: email !== undefined }
  const audit = house.entry('actor_updated', 'ok', { actor: actorId, detail }, options)
  const outcome = await house.write(
    () => managed(house).setIdentities(actorId, next, actor.identities, { audit }),
    (done) => (done === 'ok' ? { kind: 'actor-changed', id: actorId } : null),
  )
  if (outcome === 'taken') return taken(house, added, actorId)
  return outcome === 'ok' ? { ok: true, actor: { ...actor, ...next } } : null
}

function identitiesAfter(
  actor: Actor,
  name: string | undefined,
  email: string | undefined,
): string[] {
  const stays = (identity: string) => (isEmail(identity) ? email : name) === undefined
  return [
    ...new Set([
      ...(name === undefined ? [] : [nameIdentity(name)]),
      ...actor.identities.filter(stays),
      ...(email === undefined ? [] : [emailIdentity(email)]),
    ]),
  ]
}
