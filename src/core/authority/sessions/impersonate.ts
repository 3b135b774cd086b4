import { ROLES } from '../../actor.ts'
import { type Refusal, refuse } from '../../errors.ts'
import { SessionEntry } from '../cache/session-entry.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import type { LoggedIn } from '../login/login.ts'
import { type Authenticated, refusesImpersonation } from './authenticate.ts'
import { createSession } from './create-session.ts'
import { endSessions } from './revoke.ts'

/**
 * Creates a session in which one actor acts as another. It ends with its parent session, and lasts
 * while both actors may act. Refuses `access_denied` without the role, for an administrator, for
 * oneself and from another impersonation; `not_found` for an unknown or suspended target.
 */
export function impersonate(
  context: AuthorityContext,
  current: Authenticated,
  targetId: string,
  options: CallOptions,
): Promise<LoggedIn | Refusal> {
  return settle(async () => {
    const outcome = await begin(context, current, targetId, options)
    if (!outcome.ok) {
      const facts = { actor: current.session.owner, target: targetId, session: current.session.id }
      const entry = context.entry('impersonation_started', outcome.code, facts, options)
      context.report(entry)
      await context.ask(() => context.store.audit.append([entry]))
    }
    return outcome
  })
}

async function begin(
  context: AuthorityContext,
  current: Authenticated,
  targetId: string,
  options: CallOptions,
): Promise<LoggedIn | Refusal> {
  if (current.impersonator !== null)
    return refuse(
      'access_denied',
      'An impersonation cannot start another. Stop impersonating first.',
    )
  const owner = await context.findActor(current.actor.id, context.now(options))
  if (owner === null || current.session.anonymous) {
    return refuse('access_denied', 'You may not impersonate: your session does not allow it.')
  }
  const { sessions } = context.store
  const epochs = await context.ask(() => sessions.findEpochs(owner.actor.id))
  const { owner: targetEpoch } = await context.ask(() => sessions.findEpochs(targetId))
  const target = await context.findActor(targetId, context.now(options))
  if (target === null) return refuse('not_found', 'There is no such actor.')
  // A session whose roles are limited must itself have the role.
  const { roles } = current.session
  if (!roles.includes(ROLES.impersonate) && !roles.includes(ROLES.admin)) {
    return refuse('access_denied', 'You may not impersonate: your session does not allow it.')
  }
  const why = refusesImpersonation(owner.actor, target.actor)
  if (why !== null) return refuse('access_denied', why)
  const created = await createSession(
    context,
    {
      owner: owner.actor.id,
      actsAs: targetId,
      parent: current.session.id,
      epochs,
      targetEpoch,
      act: 'impersonation_started',
    },
    { profile: 'impersonation' },
    options,
  )
  if (!created.ok) return created
  return {
    ok: true,
    session: new SessionEntry(created.record, target, owner).view(),
    actor: target.actor,
    token: created.token,
    renewal: null,
  }
}

/**
 * Ends an impersonation; its parent session continues. Refuses `invalid_request` for any other
 * session.
 */
export function stopImpersonating(
  context: AuthorityContext,
  current: Authenticated,
  options: CallOptions,
): Promise<{ ok: true } | Refusal> {
  return settle(async () => {
    const { id, owner, actsAs } = current.session
    if (actsAs === null) return refuse('invalid_request', 'This session is not an impersonation.')
    await endSessions(context, { id, owner }, { ...options, reason: 'logged_out', by: owner })
    const entry = context.entry(
      'impersonation_ended',
      'ok',
      { actor: owner, target: actsAs, session: id },
      options,
    )
    await context.ask(() => context.store.audit.append([entry]))
    return { ok: true }
  })
}
