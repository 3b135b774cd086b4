import { canonicalIdentity } from '../../actor.ts'
import type { Refusal } from '../../errors.ts'
import type { IssuedCode } from '../codes/one-time-code.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import { type Attempt, reserveAttempt } from '../login/attempts.ts'
import { type LoginProof, type VerifiedLogin, verifyLogin } from '../login/login.ts'
import { createPasswordReset, usePasswordReset } from './password-reset.ts'
import { changePassword, type PasswordChange, resetPassword } from './passwords.ts'

/** Methods for the credentials of an actor: `authority.credentials`. */
export interface CredentialsGroup {
  /**
   * Verifies a password without creating a session, with the refusals, guards, throttling and work
   * of `login`. The audit trail gets an entry only for a refusal.
   */
  verifyLogin(proof: LoginProof, options?: CallOptions): Promise<VerifiedLogin | Refusal>
  /**
   * Counts an attempt at a proof that the application verifies itself, before it is verified, with
   * the limits of `login`: per actor, or per typed identity for an unknown actor, and per address.
   * Refuses `throttled`, `unavailable`.
   */
  reserveAttempt(
    who: { readonly identity: string; readonly actorId: string | null },
    options?: CallOptions,
  ): Promise<Attempt | Refusal>
  /**
   * Changes a password after verifying the current one. Ends the actor's other sessions by default
   * (`sessions`). Refuses `credentials_invalid`, `password_refused`, `throttled`, `busy`,
   * `conflict`.
   */
  changePassword(
    change: PasswordChange & { readonly currentPassword: string },
    options?: CallOptions,
  ): Promise<{ ok: true } | Refusal>
  /**
   * Sets a password without verifying the current one, for a recovery that the application has
   * verified by other means. Refuses `not_found`, `password_refused`.
   */
  resetPassword(change: PasswordChange, options?: CallOptions): Promise<{ ok: true } | Refusal>
  /**
   * Creates a one-time code with which an actor chooses a new password, and replaces an earlier code.
   * It is valid for the setting `password.resetLifetimeMs`, for one use, and while the password does
   * not change; only its hash is stored. Refuses `not_found`.
   */
  createPasswordReset(
    actorId: string,
    options?: CallOptions,
  ): Promise<({ ok: true } & IssuedCode) | Refusal>
  /**
   * Sets the password that the holder of a reset code chose, and ends all sessions of the actor.
   * Creates no session. Refuses `credentials_invalid` for a wrong, used, replaced or expired code,
   * `throttled`, and `password_refused`, which leaves the code valid.
   */
  usePasswordReset(
    reset: { readonly code: string; readonly password: string },
    options?: CallOptions,
  ): Promise<{ ok: true } | Refusal>
}

export function createCredentialsGroup(context: AuthorityContext): CredentialsGroup {
  return {
    verifyLogin: (proof, options = {}) => verifyLogin(context, proof, options),
    reserveAttempt: ({ identity, actorId }, options = {}) =>
      settle(() =>
        reserveAttempt(
          context,
          { identity: canonicalIdentity(identity) ?? identity.slice(0, 254), actorId },
          options,
        ),
      ),
    changePassword: (change, options = {}) => changePassword(context, change, options),
    resetPassword: (change, options = {}) => resetPassword(context, change, options),
    createPasswordReset: (actorId, options = {}) => createPasswordReset(context, actorId, options),
    usePasswordReset: (reset, options = {}) => usePasswordReset(context, reset, options),
  }
}
