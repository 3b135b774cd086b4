import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Pipeline } from '../../commands/index.ts'
import {
  type Actor,
  type Authenticated,
  errorOf,
  LatchkeyError,
  type SessionListing,
  type SessionView,
} from '../../core/index.ts'
import { parseJsonObject } from '../../http/index.ts'
import type { LoginResponseSchema, Sessions } from '../../protocol/grpc/index.ts'
import type { Handlers } from './implement.ts'
import type { InterceptedCall } from './interceptor.ts'
import { actorMessage, eventMessage, sessionMessage } from './messages.ts'
import { type WatchOptions, watch } from './watch.ts'
import { whoAmIBytes } from './who-am-i.ts'

export interface SessionsServiceOptions extends WatchOptions {
  readonly pipeline: Pipeline
}

/** The shape of a login's result. */
interface LoggedIn {
  readonly session: SessionView
  readonly actor: Actor
  readonly token: string
  readonly renewal?: string
}

/** The shape of an introspection's result (RFC 7662). */
interface Introspection {
  readonly active: boolean
  readonly sub?: string
  readonly username?: string
  readonly scope?: string
  readonly exp?: number
  readonly iat?: number
  readonly auth_time?: number
  readonly sid?: string
  readonly act?: { readonly sub: string }
}

/** Returns the service `Sessions`. Each method is a command, except `WhoAmI` and `Watch`, which need only the session. */
export function sessionsService(options: SessionsServiceOptions): Handlers<typeof Sessions> {
  const dispatch = async (call: InterceptedCall, name: string, params: object) => {
    const { token, current, caller } = call
    const outcome = await options.pipeline.dispatch({ name, params, token, current, caller })
    if (!outcome.ok) throw errorOf(outcome)
    return outcome
  }
  // The tests of the commands check each result against its shape.
  const ask = async <T>(call: InterceptedCall, name: string, params: object = {}) =>
    (await dispatch(call, name, given(params))).value as T
  const logIn = async (call: InterceptedCall, name: string, params: object) =>
    loginMessage(await ask<LoggedIn>(call, name, params))

  return {
    login: ({ identity, password, profile, label }, call) =>
      logIn(call, 'session.login', { identity, password, profile, label }),
    loginAnonymous: ({ label }, call) => logIn(call, 'session.loginAnonymous', { label }),
    renew: ({ renewal }, call) => logIn(call, 'session.renew', { renewal }),
    async authenticate({ token, address }, call) {
      const found = await ask<Introspection>(call, 'session.introspect', { token, address })
      const at = (seconds = 0) => BigInt(seconds) * 1000n
      return {
        active: found.active,
        sessionId: found.sid ?? '',
        actorId: found.sub ?? '',
        actorName: found.username ?? '',
        roles: found.scope?.split(' ').filter((role) => role !== '') ?? [],
        createdAtMs: at(found.iat),
        authenticatedAtMs: at(found.auth_time),
        expiresAtMs: at(found.exp),
        impersonatorId: found.act?.sub ?? '',
      }
    },
    whoAmI: (_request, call) => whoAmIBytes(currentOf(call)),
    async list({ limit, after }, call) {
      const { sessions, next = '' } = await ask<{
        readonly sessions: readonly SessionListing[]
        readonly next?: string
      }>(call, 'sessions.list', { limit, after })
      return { sessions: sessions.map(sessionMessage), next }
    },
    async revoke({ sessionId }, call) {
      if (sessionId === '') await ask(call, 'session.logout')
      else await ask(call, 'sessions.end', { id: sessionId })
      return {}
    },
    async revokeOthers(_request, call) {
      await ask(call, 'sessions.endOthers')
      return {}
    },
    watch: (_request, call, stream) => watch(options, currentOf(call), stream),
    async command({ name, params }, call) {
      const input = params === '' ? {} : parseJsonObject(params)
      const { value, events } = await dispatch(call, name, input)
      return { result: JSON.stringify(value) ?? 'null', events: events.map(eventMessage) }
    },
  }
}

/** Returns the session of a call. The interceptor refuses calls without one. */
export function currentOf({ current }: InterceptedCall): Authenticated {
  if (current === null) throw new LatchkeyError('token_missing', 'No token was given.')
  return current
}

// In proto3 an absent text is empty, and an absent number is 0.
function given(params: object): object {
  return Object.fromEntries(
    Object.entries(params).filter(([, value]) => value !== '' && value !== 0),
  )
}

function loginMessage(outcome: LoggedIn): MessageInitShape<typeof LoginResponseSchema> {
  const { session, actor, token, renewal = '' } = outcome
  return { token, renewal, session: sessionMessage(session), actor: actorMessage(actor) }
}
