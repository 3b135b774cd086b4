import { type Actor, type Authority, errorOf, LatchkeyError, ROLES } from '../../core/index.ts'
import type { Agent } from '../../protocol/grpc/index.ts'
import type { Handlers } from './implement.ts'
import { currentOf } from './sessions-service.ts'
import { NamedError } from './status.ts'

/** What the door tells of the server it is in. */
export interface ServerInfo {
  readonly version: string
  readonly addresses: readonly { readonly door: string; readonly address: string }[]
}

export interface AgentServiceOptions {
  readonly authority: Authority
  /** The format of the tokens that `SessionUnlock` gives. */
  readonly format: string
  readonly info: () => ServerInfo
  /** Stops the server; called once the answer to `AgentStop` has been given. */
  readonly onStop: () => void
}

/** The service `Agent`, with the names and ways of Polykey. */
export function agentService(options: AgentServiceOptions): Handlers<typeof Agent> {
  const { authority, format } = options
  const findOwner = createOwnerSearch(authority)

  return {
    async sessionUnlock({ identity, passwordOrFile }, { caller }) {
      if (passwordOrFile.case === 'passwordFile') {
        throw new LatchkeyError('invalid_request', 'The client reads the password file.')
      }
      if (passwordOrFile.value === undefined || passwordOrFile.value === '') {
        const message = 'Give the password.'
        throw new NamedError('ErrorClientPasswordNotProvided', 'invalid_request', message)
      }
      // Without an owner there is nobody of that name, which takes as long to find out as a wrong password.
      const owner = identity === '' ? await findOwner(caller.signal) : null
      const outcome = await authority.login(
        {
          identity: owner?.identities[0] ?? identity,
          password: passwordOrFile.value,
          profile: 'agent',
          format,
        },
        caller,
      )
      if (!outcome.ok) throw errorOf(outcome)
      return tokenMessage(outcome)
    },
    async sessionRefresh(_request, call) {
      const outcome = await authority.sessions.refresh(currentOf(call), call.caller)
      if (!outcome.ok) throw errorOf(outcome)
      return tokenMessage(outcome)
    },
    async sessionLockAll(_request, call) {
      const { session, impersonator } = currentOf(call)
      if (impersonator !== null) {
        throw new LatchkeyError('access_denied', 'Not while acting as another.')
      }
      await authority.sessions.end(
        { owner: session.owner, raiseEpoch: true },
        { ...call.caller, reason: 'locked', by: session.owner },
      )
      return { success: true }
    },
    async agentStatus(_request, { current, caller }) {
      const owner = await findOwner(caller.signal)
      const { version, addresses } = options.info()
      return {
        version,
        addresses: [...addresses],
        pid: BigInt(process.pid),
        hasOwner: owner !== null,
        sessionExpiresAtMs: BigInt(current?.session.expiresAt ?? 0),
      }
    },
    agentStop(_request, call) {
      const current = currentOf(call)
      const { session, impersonator } = current
      const may = session.roles.includes(ROLES.admin) && !session.anonymous
      if (!may || impersonator !== null) {
        throw new LatchkeyError('access_denied', 'You may not do that.')
      }
      const fresh = authority.sessions.freshWithin(current, undefined, call.caller)
      if (!fresh.ok) throw errorOf(fresh)
      setImmediate(options.onStop)
      return {}
    },
  }
}

// To search is to look at everybody, and strangers may ask: who was found is looked up, and of many who ask at once one searches.
function createOwnerSearch(authority: Authority): (signal: AbortSignal) => Promise<Actor | null> {
  let id: string | null = null
  let searching: Promise<Actor | null> | null = null
  const search = async () => {
    const { items } = await authority.actors.search({ role: ROLES.admin, limit: 1 })
    id = items[0]?.id ?? null
    return items[0] ?? null
  }
  return async (signal) => {
    const known = id === null ? null : await authority.actors.find(id, { signal })
    if (known?.roles.includes(ROLES.admin)) return known
    searching ??= search().finally(() => {
      searching = null
    })
    return searching
  }
}

function tokenMessage(given: {
  readonly token: string
  readonly session: { readonly id: string; readonly expiresAt: number }
}) {
  const { token, session } = given
  return { token, sessionId: session.id, expiresAtMs: BigInt(session.expiresAt) }
}
