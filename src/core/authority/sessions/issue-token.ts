import type { SessionRecord } from '../../session/record.ts'
import type { ParsedToken, TokenCodec } from '../../token/codec.ts'
import type { AuthorityContext } from '../context.ts'

/** A token's text, and when it ends where it says so itself. */
export interface IssuedToken {
  readonly token: string
  readonly expiresAt?: number
}

/** Writes a token of a session, for as long as its profile gives one and never past the session's end. */
export function issueToken(
  context: AuthorityContext,
  codec: TokenCodec,
  { secret, now }: { readonly secret: ParsedToken['secret']; readonly now: number },
  session: Pick<SessionRecord, 'id' | 'owner' | 'profile' | 'endsAt'>,
): IssuedToken {
  const { id, owner, endsAt } = session
  const end = tokenEnd(context, session, now)
  const token = codec.format({ id, secret }, { owner, issuedAt: now, expiresAt: end ?? endsAt })
  const expiresAt = codec.parse(token)?.expiresAt
  return expiresAt === undefined ? { token } : { token, expiresAt }
}

/** Where a token made at `now` would end, or null where tokens of that profile live as long as their session. */
export function tokenEnd(
  context: AuthorityContext,
  { profile, endsAt }: Pick<SessionRecord, 'profile' | 'endsAt'>,
  now: number,
): number | null {
  const tokenMs = context.settings.profile(profile)?.tokenMs ?? null
  return tokenMs === null ? null : Math.min(now + tokenMs, endsAt)
}
