import { randomUUID } from 'node:crypto'
import { type Actor, canonicalActorId, checkRoles, valuesOf } from '../../actor.ts'
import { type Refusal, refuse } from '../../errors.ts'
import { type IssuedCode, issueCode, type TakenCode, takeCode } from '../codes/one-time-code.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import { reserveCreation } from '../login/attempts.ts'
import { displayName, identitiesOf, taken } from './actors.ts'
import { managed } from './managed-directory.ts'
import { requireGoodPassword } from './passwords.ts'

/** A new actor, with the password that it chose. */
export interface Registration {
  /**
   * The actor's id, for applications with their own ids; a new UUID by default. A UUID is stored in
   * lower case.
   */
  readonly id?: string
  /** The display name and login name: unique in canonical form, without an `@`. */
  readonly name: string
  /** The password; it must meet the policy. */
  readonly password: string
  /** The e-mail address, as a second identity. */
  readonly email?: string
  /** Those of the invitation, else `["user"]` by default. */
  readonly roles?: readonly string[]
  /** The one-time code of an invitation. */
  readonly invitation?: string
  /**
   * Whether the application has decided that this actor may register: the setting `registration`
   * does not apply, and the registration is not counted against the address. False by default.
   */
  readonly vouched?: boolean
}

/** An invitation to register. */
export interface Invitation {
  /** The roles of the actor that registers with it; `["user"]` by default. */
  readonly roles?: readonly string[]
}

/**
 * Registers an actor. Of many simultaneous registrations of one identity exactly one succeeds; the
 * others are refused with `identity_taken`, and `issues` names the field. Also refuses
 * `access_denied` where the setting `registration` does not allow it, `credentials_invalid` for a
 * wrong, used or expired invitation, `invalid_request`, `password_refused`, `throttled`, `busy`.
 */
export function register(
  context: AuthorityContext,
  registration: Registration,
  options: CallOptions,
): Promise<{ ok: true; actor: Actor } | Refusal> {
  return settle(async () => {
    managed(context)
    const closed = whyClosed(context, registration)
    if (closed !== null) return closed
    const identities = identitiesOf(registration.name, registration.email)
    const allowed =
      registration.vouched === true ? null : await reserveCreation(context, 'register', options)
    if (allowed !== null && !allowed.ok) return allowed
    checkRoles(registration.roles ?? [])
    requireGoodPassword(context, registration.password, valuesOf(identities))
    if (registration.invitation === undefined) return create(context, registration, options)
    const invitation = await takeCode<Required<Invitation>>(
      context,
      'invitation',
      registration.invitation,
      options,
    )
    if (invitation === null) return WRONG_INVITATION
    return createInvited(context, registration, invitation, options)
  })
}

const WRONG_INVITATION = refuse(
  'credentials_invalid',
  'The invitation is wrong, used or expired. Ask an administrator for a new one.',
)

function whyClosed(
  context: AuthorityContext,
  { invitation, vouched = false }: Registration,
): Refusal | null {
  const mode = context.settings.get('registration')
  if (vouched || mode === 'open') return null
  if (mode === 'closed') return refuse('access_denied', 'Registration is closed.')
  if (invitation !== undefined) return null
  return refuse('access_denied', 'Registration needs an invitation. Ask an administrator for one.')
}

async function createInvited(
  context: AuthorityContext,
  registration: Registration,
  invitation: TakenCode<Required<Invitation>>,
  options: CallOptions,
): Promise<{ ok: true; actor: Actor } | Refusal> {
  try {
    const { roles } = invitation.data
    const created = await create(context, { roles, ...registration }, options)
    if (!created.ok) await invitation.putBack()
    return created
  } catch (error) {
    await invitation.putBack()
    throw error
  }
}

async function create(
  context: AuthorityContext,
  registration: Registration,
  options: CallOptions,
): Promise<{ ok: true; actor: Actor } | Refusal> {
  const identities = identitiesOf(registration.name, registration.email)
  const passwordHash = await context.hasher.hash(
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
    createdAt: context.now(options),
  }
  const detail = registration.invitation === undefined ? null : { invited: true }
  const audit = context.entry('actor_created', 'ok', { actor: actor.id, detail }, options)
  const created = await context.ask(() => managed(context).create(actor, passwordHash, { audit }))
  return created ? { ok: true, actor } : taken(context, identities)
}

/**
 * Creates an invitation: a one-time code with which one actor registers. Refuses `access_denied`
 * where the setting `registration` is `closed`.
 */
export function invite(
  context: AuthorityContext,
  { roles = ['user'] }: Invitation,
  options: CallOptions,
): Promise<({ ok: true } & IssuedCode) | Refusal> {
  return settle(async () => {
    managed(context)
    checkRoles(roles)
    if (context.settings.get('registration') === 'closed') {
      return refuse(
        'access_denied',
        'Registration is closed. Set the setting registration to invite or open first.',
      )
    }
    const lifetimeMs = context.settings.get('invitation.lifetimeMs')
    const issued = await issueCode(
      context,
      { purpose: 'invitation', data: { roles }, lifetimeMs },
      options,
    )
    const facts = { actor: options.by ?? null, detail: { roles: roles.join(' ') } }
    const entry = context.entry('invitation_created', 'ok', facts, options)
    await context.ask(() => context.store.audit.append([entry]))
    return { ok: true, ...issued }
  })
}
