import { type Refusal, refuse } from '../../errors.ts'
import type { SessionView } from '../../session/record.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import type { Authenticated } from './authenticate.ts'
import { tokenEnd } from './issue-token.ts'

/** A refreshed session with its next token. */
export interface Refreshed {
  /** True: the use was recorded and the token is valid. */
  readonly ok: true
  /** The next token of the session. */
  readonly token: string
  /** The session, with its later expiry. */
  readonly session: SessionView
  /** When that token expires unless it is refreshed before. */
  readonly expiresAt: number
}

/**
 * Returns the next token of a session that is renewed by use (profile `agent`): the same secret,
 * with a later expiry, never past the session's end. Writes only the use, so concurrent calls do
 * not conflict; the previous token stays valid until its own expiry. In a format without an expiry
 * the text stays the same. Refuses like `authenticate`, `invalid_request` for a session whose
 * tokens are not renewed by use, and `access_denied` under impersonation.
 */
export function refresh(
  context: AuthorityContext,
  current: Authenticated,
  options: CallOptions,
): Promise<Refreshed | Refusal> {
  return settle(async () => {
    const { session, impersonator, token } = current
    if (impersonator !== null)
      return refuse('access_denied', 'Not allowed while impersonating. Stop impersonating first.')
    const profile = context.settings.profile(session.profile)
    if (profile?.renewable === true) {
      return refuse(
        'invalid_request',
        'This session is not renewed by use. Present its renewal code.',
      )
    }
    const now = context.now(options)
    const end = tokenEnd(context, session, now)
    if (token === null || end === null) {
      return refuse(
        'invalid_request',
        'The tokens of this session have no expiry and need no refresh.',
      )
    }
    const facts = { owner: session.owner, issuedAt: now, expiresAt: end }
    return { ok: true, session, expiresAt: session.expiresAt, ...token.reissue(facts) }
  })
}

/**
 * Returns whether so much of a checked token's life has passed (setting `token.refreshThreshold`)
 * that its client should get the next one. False if a refresh would be refused or would not extend
 * it.
 */
export function refreshDue(
  context: AuthorityContext,
  { session, impersonator, token }: Authenticated,
  options: CallOptions,
): boolean {
  // Called at every check, and most tokens have no own expiry.
  const expiresAt = token?.expiresAt ?? null
  if (expiresAt === null || impersonator !== null) return false
  const now = context.now(options)
  const profile = context.settings.profile(session.profile)
  if (profile === null || profile.renewable) return false
  const next = tokenEnd(context, session, now)
  if (next === null || Math.floor(next / 1000) * 1000 <= expiresAt) return false
  const tokenMs = profile.tokenMs ?? 0
  return now - (expiresAt - tokenMs) >= tokenMs * context.settings.get('token.refreshThreshold')
}
