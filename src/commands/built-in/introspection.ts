import { z } from 'zod'
import { type Authority, type CallOptions, clientIdOf, type Refusal } from '../../core/index.ts'

const seconds = z.int().min(0)

/** The answer of an introspection (RFC 7662 section 2.2). */
export const introspectionShape = z
  .strictObject({
    active: z.boolean().describe('Whether the token is valid now'),
    sub: z.string().optional().describe('The id of the actor'),
    username: z.string().optional().describe('The actor’s display name'),
    scope: z.string().optional().describe('The roles of the session, separated by spaces'),
    client_id: z.string().optional().describe('The OAuth client that the token was issued to'),
    token_type: z.string().optional().describe('Bearer'),
    exp: seconds.optional().describe('When it expires, in epoch seconds'),
    iat: seconds.optional().describe('When the session was created, in epoch seconds'),
    auth_time: seconds.optional().describe('When the owner last gave a proof, in epoch seconds'),
    sid: z.string().optional().describe('The public handle of the session'),
    act: z
      .strictObject({ sub: z.string().describe('The id of the impersonator') })
      .optional()
      .describe('The impersonator, where the session is an impersonation (RFC 8693)'),
  })
  .meta({ id: 'Introspection' })

/** The answer of an introspection (RFC 7662). */
export type Introspection = z.infer<typeof introspectionShape>

/**
 * Checks a token for another server (RFC 7662). An invalid token is inactive, without a reason.
 * Refuses `unavailable`. By the setting `introspection.extendsIdle` it counts as a use of the session.
 */
export async function introspect(
  authority: Authority,
  { token, address }: { readonly token: string; readonly address?: string | undefined },
  { now, signal }: CallOptions,
): Promise<Introspection | Refusal> {
  const check = await authority.authenticate(token, {
    ...(now === undefined ? {} : { now }),
    signal,
    door: 'introspection',
    address: address ?? null,
    passive: !authority.settings.get('introspection.extendsIdle'),
  })
  if (!check.ok) return check.code === 'unavailable' ? check : { active: false }
  const { session, actor, impersonator } = check
  const clientId = clientIdOf(session)
  return {
    active: true,
    sub: actor.id,
    username: actor.name,
    scope: scopeOf(session.roles),
    ...(clientId === null ? {} : { client_id: clientId }),
    token_type: 'Bearer',
    exp: Math.floor(session.expiresAt / 1000),
    iat: Math.floor(session.createdAt / 1000),
    auth_time: Math.floor(session.authenticatedAt / 1000),
    sid: session.id,
    ...(impersonator === null ? {} : { act: { sub: impersonator.id } }),
  }
}

/**
 * Returns roles as an OAuth scope. A role with white space, which a directory of the application
 * may have, is left out: it would read as two roles.
 */
export function scopeOf(roles: readonly string[]): string {
  return roles.filter((role) => /^\S+$/.test(role)).join(' ')
}
