import { type Refusal, refuse } from '../../errors.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import { reserveCreation } from '../login/attempts.ts'
import { type CodePurpose, findCode } from './one-time-code.ts'

/** The refusal of a code that is not valid. It does not say why. */
export const WRONG_CODE = refuse(
  'credentials_invalid',
  'The code is wrong, used or expired. Ask for a new one.',
)

/**
 * Returns until when a code is valid, without using it, so that a client can refuse a wrong code
 * before it asks for a password. Refuses `credentials_invalid`, and `throttled` by address.
 */
export function checkCode(
  context: AuthorityContext,
  { purpose, code }: { readonly purpose: CodePurpose; readonly code: string },
  options: CallOptions,
): Promise<{ ok: true; expiresAt: number | null } | Refusal> {
  return settle(async () => {
    const allowed = await reserveCreation(context, 'code', options)
    if (!allowed.ok) return allowed
    const found = await findCode(context, purpose, code, options)
    return found === null ? WRONG_CODE : { ok: true, expiresAt: found.expiresAt }
  })
}
