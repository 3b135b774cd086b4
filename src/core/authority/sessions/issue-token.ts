import type { SessionRecord } from '../../session/record.ts'
import type { TokenCodec } from '../../token/codec.ts'
import { type IssuedToken, writeToken } from '../../token/presented-token.ts'
import type { AuthorityContext } from '../context.ts'

/**
 * Returns a token of a session. Its expiry is that of its profile, and never after the session's
 * end.
 */
export function issueToken(
  context: AuthorityContext,
  codec: TokenCodec,
  { secret, now }: { readonly secret: string; readonly now: number },
  session: Pick<SessionRecord, 'id' | 'owner' | 'profile' | 'endsAt'>,
): IssuedToken {
  const { id, owner, endsAt } = session
  const expiresAt = tokenEnd(context, session, now) ?? endsAt
  return writeToken(codec, { id, secret }, { owner, issuedAt: now, expiresAt })
}

/**
 * Returns when a token made at `now` expires; null if tokens of the profile are valid as long as
 * their session.
 */
export function tokenEnd(
  context: AuthorityContext,
  { profile, endsAt }: Pick<SessionRecord, 'profile' | 'endsAt'>,
  now: number,
): number | null {
  const tokenMs = context.settings.profile(profile)?.tokenMs ?? null
  return tokenMs === null ? null : Math.min(now + tokenMs, endsAt)
}
