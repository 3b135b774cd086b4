import { valuesOf } from '../../actor.ts'
import { checkPassword } from '../../credential/password/index.ts'
import { LatchkeyError, type Refusal, refuse } from '../../errors.ts'
import type { EndSelector, ManagedDirectory } from '../../ports/index.ts'
import { endedChange } from '../changes.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import { provePassword } from '../login/step-up.ts'
import { endExternalOf } from '../sessions/external.ts'

/** What happens to the actor's sessions when its password changes. */
export type SessionsAtChange = 'keep' | 'revoke-others' | 'revoke-all'

/** A change of an actor's password. */
export interface PasswordChange {
  /** The id of the actor whose password changes. */
  readonly actorId: string
  /** The new password in clear text. */
  readonly next: string
  /** `revoke-others` by default. */
  readonly sessions?: SessionsAtChange
  /** The id of the session that `revoke-others` keeps. */
  readonly current?: string
}

/**
 * Changes a password after verifying the current one. Refuses `credentials_invalid`,
 * `password_refused`, `throttled`, `busy`.
 */
export function changePassword(
  context: AuthorityContext,
  change: PasswordChange & { readonly currentPassword: string },
  options: CallOptions,
): Promise<{ ok: true } | Refusal> {
  return settle(async () => {
    const proof = await provePassword(context, change.actorId, change.currentPassword, options)
    if (proof.ok) return writePassword(context, change, proof.passwordHash, options)
    const facts = { actor: change.actorId }
    const entry = context.entry('password_changed', proof.code, facts, options)
    await context.ask(() => context.store.audit.append([entry]))
    return proof
  })
}

/**
 * Sets a password without verifying the current one, for a recovery that was verified by other
 * means. Refuses `not_found`, `password_refused`.
 */
export function resetPassword(
  context: AuthorityContext,
  change: PasswordChange,
  options: CallOptions,
): Promise<{ ok: true } | Refusal> {
  return settle(async () => {
    const found = await context.findCredential(change.actorId, options.signal)
    if (found === null) return refuse('not_found', 'There is no such actor.')
    return writePassword(context, change, found.passwordHash, options)
  })
}

async function writePassword(
  context: AuthorityContext,
  { actorId, next, sessions = 'revoke-others', current }: PasswordChange,
  expected: string | null,
  options: CallOptions,
): Promise<{ ok: true } | Refusal> {
  const directory: Partial<ManagedDirectory> = context.directory
  const setPassword = directory.setPassword?.bind(directory)
  if (setPassword === undefined) {
    return refuse('invalid_request', 'This directory does not store passwords.')
  }
  const found = await context.findCredential(actorId, options.signal)
  requireGoodPassword(context, next, valuesOf(found?.actor.identities))
  const hash = await context.hasher.hash(next)
  const kept = sessions === 'revoke-others' ? current : undefined
  const keep = sessions === 'keep' ? 'all' : kept === undefined ? undefined : { session: kept }
  const audit = context.entry(
    'password_changed',
    'ok',
    { actor: actorId, detail: { sessions } },
    options,
  )
  const ending = { now: context.now(options), reason: 'password_changed' } as const
  const { sessions: store } = context.store
  const managed = context.directory === context.store.directory
  const owned: EndSelector = {
    owner: actorId,
    ...(sessions === 'keep' ? { keepAll: true } : {}),
    ...(kept === undefined ? {} : { except: kept }),
  }
  // Our own directory raises the epoch with the credential, so that no login that read the old one creates a session. The sessions
  // are marked after.
  const external = { owner: actorId, ...(kept === undefined ? {} : { except: kept }) }
  const ended = await context.write(
    async () => {
      const credential = managed ? { audit, raiseEpoch: true, ...(keep && { keep }) } : {}
      if (!(await setPassword(actorId, hash, expected, credential))) return null
      // The session engine's copy of the epoch follows, with the sessions that are kept.
      const raiseEpoch = managed ? await context.store.directory.findEpoch(actorId) : true
      return [
        ...(await store.end({ ...owned, raiseEpoch }, ending, managed ? {} : { audit })),
        ...(await store.end({ actsAs: actorId }, ending)),
        ...(sessions === 'keep' ? [] : await endExternalOf(context, external, ending)),
      ]
    },
    // The ended sessions are published first, so that open connections receive the reason from that
    // message.
    (over) => over && [endedChange(over), { kind: 'owner-epoch-raised', owner: actorId }],
  )
  if (ended === null) {
    return refuse('conflict', 'The password changed in the meantime. Try again.')
  }
  // The failures of unauthenticated clients were counted against the old password.
  await context.ask(() => context.store.counters.remove([`login/${actorId}`]))
  return { ok: true }
}

/** Throws `password_refused` with the reason unless a new password meets the current policy. */
export function requireGoodPassword(
  context: AuthorityContext,
  password: string,
  names: readonly string[],
): void {
  const why = checkPassword(password, {
    minLength: context.settings.get('password.minLength'),
    blocklist: context.settings.get('password.blocklist'),
    contextWords: [...names, ...context.settings.get('password.contextWords')],
  })
  if (why === null) return
  throw new LatchkeyError('password_refused', why, { issues: [{ path: 'password', message: why }] })
}
