import { type Refusal, refuse } from '../../errors.ts'
import { stateOf } from '../../session/lifetimes.ts'
import { hashSecret, sameDigest } from '../../token/secret.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import type { SessionChecker } from '../sessions/authenticate.ts'
import { endSessions } from '../sessions/revoke.ts'
import type { OAuthClient } from './client.ts'
import { clientIdOf } from './client-sessions.ts'

/** Ends the session of a token or a renewal code that was issued to a client. */
export function revokeToken(
  context: AuthorityContext,
  checker: SessionChecker,
  { client, token }: { readonly client: OAuthClient; readonly token: string },
  options: CallOptions,
): Promise<{ ok: true; ended: boolean } | Refusal> {
  return settle(async () => {
    const found =
      (await sessionOfToken(checker, token, options)) ??
      (await sessionOfCode(context, token, options))
    if (found === null) return { ok: true, ended: false }
    if ('code' in found) return found
    if (clientIdOf(found) !== client.id) {
      return refuse('access_denied', 'The token was issued to another client.')
    }
    const ending = { ...options, reason: 'logged_out', by: found.owner } as const
    const ended = await endSessions(context, { id: found.id, owner: found.owner }, ending)
    return { ok: true, ended: ended.length > 0 }
  })
}

interface FoundSession {
  readonly id: string
  readonly owner: string
  readonly group: string | null
}

async function sessionOfToken(
  checker: SessionChecker,
  token: string,
  options: CallOptions,
): Promise<FoundSession | Refusal | null> {
  const check = await checker.authenticate(token, options)
  if (check.ok) return check.session
  return check.code === 'unavailable' ? check : null
}

// A code of any generation proves possession of the family: a superseded one ends the session too.
async function sessionOfCode(
  context: AuthorityContext,
  code: string,
  options: CallOptions,
): Promise<FoundSession | null> {
  const parsed = context.parseRenewal(code)
  if (parsed === null) return null
  const found = await context.ask(() => context.store.sessions.load(parsed.id), options.signal)
  const familyHash = found?.record.renewal?.familyHash ?? null
  if (found === null || familyHash === null) return null
  if (!sameDigest(hashSecret(parsed.family), familyHash)) return null
  const { record, epochs } = found
  const state = stateOf(record, { now: context.now(options), epochs })
  return state === 'live' ? record : null
}
