import { type Refusal, refuse } from '../../errors.ts'
import { hashSecret } from '../../token/secret.ts'
import { WRONG_CODE } from '../codes/check-code.ts'
import { type IssuedCode, issueCode, takeCode } from '../codes/one-time-code.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import { reserveCreation } from '../login/attempts.ts'
import { resetPassword } from './passwords.ts'

interface ResetData {
  readonly actorId: string
  /** The digest of the stored hash, so that a password that changes afterwards makes the code invalid. */
  readonly credential: string
}

function credentialOf(passwordHash: string | null | undefined): string {
  return hashSecret(passwordHash ?? '')
}

/**
 * Creates a one-time code with which an actor chooses a new password, and replaces an earlier one.
 * Refuses `not_found`.
 */
export function createPasswordReset(
  context: AuthorityContext,
  actorId: string,
  options: CallOptions,
): Promise<({ ok: true } & IssuedCode) | Refusal> {
  return settle(async () => {
    const found = await context.findCredential(actorId, options.signal)
    if (found === null) return refuse('not_found', 'There is no such actor.')
    const { id } = found.actor
    const data: ResetData = { actorId: id, credential: credentialOf(found.passwordHash) }
    const lifetimeMs = context.settings.get('password.resetLifetimeMs')
    const code = { purpose: 'password-reset', subject: id, data, lifetimeMs } as const
    const issued = await issueCode(context, code, options)
    const facts = { actor: options.by ?? null, target: id }
    const entry = context.entry('password_reset_created', 'ok', facts, options)
    await context.ask(() => context.store.audit.append([entry]))
    return { ok: true, ...issued }
  })
}

/**
 * Sets the password that the holder of a reset code chose, and ends all sessions of the actor. Does
 * not log in. Refuses `credentials_invalid` for a wrong, used, replaced or expired code, `throttled`,
 * and `password_refused`, which leaves the code valid.
 */
export function usePasswordReset(
  context: AuthorityContext,
  { code, password }: { readonly code: string; readonly password: string },
  options: CallOptions,
): Promise<{ ok: true } | Refusal> {
  return settle(async () => {
    const allowed = await reserveCreation(context, 'code', options)
    if (!allowed.ok) return allowed
    const taken = await takeCode<ResetData>(context, 'password-reset', code, options)
    if (taken === null) return auditWrong(context, options)
    const { actorId, credential } = taken.data
    const found = await context.findCredential(actorId, options.signal)
    if (found === null || credentialOf(found.passwordHash) !== credential) {
      return auditWrong(context, options)
    }
    const change = { actorId, next: password, sessions: 'revoke-all' } as const
    try {
      const outcome = await resetPassword(context, change, options)
      if (!outcome.ok) await taken.putBack()
      return outcome
    } catch (error) {
      await taken.putBack()
      throw error
    }
  })
}

async function auditWrong(context: AuthorityContext, options: CallOptions): Promise<Refusal> {
  const entry = context.entry('password_changed', WRONG_CODE.code, {}, options)
  await context.ask(() => context.store.audit.append([entry]))
  return WRONG_CODE
}
