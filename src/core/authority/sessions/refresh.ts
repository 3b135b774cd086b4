import { type Refusal, refuse } from '../../errors.ts'
import type { SessionView } from '../../session/record.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import type { Authenticated } from './authenticate.ts'
import { tokenEnd } from './issue-token.ts'

/** A session that goes on, and the token to go on with. */
export interface Refreshed {
  readonly ok: true
  readonly token: string
  readonly session: SessionView
  /** When that token ends unless it is refreshed before. */
  readonly expiresAt: number
}

/**
 * Gives a session that is renewed by use (profile `agent`) the next token: of the same secret, with a later end, never past the
 * session's. Nothing is written but the use, so any number at once get on with each other; the token before lives to its own
 * end. A format without an end of its own keeps its text. Refuses as `authenticate` does, `invalid_request` for a
 * session whose tokens are not renewed by use, and `access_denied` under impersonation.
 */
export function refresh(
  context: AuthorityContext,
  current: Authenticated,
  options: CallOptions,
): Promise<Refreshed | Refusal> {
  return settle(async () => {
    const { session, impersonator, token } = current
    if (impersonator !== null) return refuse('access_denied', 'Not allowed while impersonating.')
    const profile = context.settings.profile(session.profile)
    if (profile?.renewable === true) {
      return refuse('invalid_request', 'This session is renewed with its renewal code.')
    }
    const now = context.now(options)
    const end = tokenEnd(context, session, now)
    if (token === null || end === null) {
      return refuse('invalid_request', 'The tokens of this session have no end of their own.')
    }
    const facts = { owner: session.owner, issuedAt: now, expiresAt: end }
    return { ok: true, session, expiresAt: session.expiresAt, ...token.reissue(facts) }
  })
}

/**
 * Whether a token that was just checked is so far into its life (setting `token.refreshThreshold`) that its holder should have the
 * next. Never where a refresh would be refused or bring no later end.
 */
export function refreshDue(
  context: AuthorityContext,
  { session, impersonator, token }: Authenticated,
  options: CallOptions,
): boolean {
  // Asked with every call, and most tokens have no end of their own.
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
