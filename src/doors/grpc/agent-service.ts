import { setImmediate } from 'node:timers'
import type { CommandContext, CommandRules, Pipeline } from '../../commands/index.ts'
import {
  type Actor,
  type Authority,
  errorOf,
  LatchkeyError,
  type Refusal,
  ROLES,
} from '../../core/index.ts'
import type { Agent } from '../../protocol/grpc/index.ts'
import type { Handlers } from './implement.ts'
import type { InterceptedCall } from './interceptor.ts'
import { currentOf } from './sessions-service.ts'
import { NamedError } from './status.ts'

/** The server, as `AgentStatus` reports it. */
export interface ServerInfo {
  /** The version of the server. */
  readonly version: string
  /** Where each door of the server listens. */
  readonly addresses: readonly { readonly door: string; readonly address: string }[]
}

export interface AgentServiceOptions {
  readonly authority: Authority
  readonly pipeline: Pipeline
  /** The format of the tokens that `SessionUnlock` returns. */
  readonly format: string
  readonly info: () => ServerInfo
  /** Stops the server. Called when `AgentStop` has been answered. */
  readonly onStop: () => void
}

const anyone = { access: ['*'] } as const

/** The checks of the pipeline before each method. */
const RULES = {
  unlock: { ...anyone, name: 'Agent.SessionUnlock', session: 'optional' },
  refresh: { ...anyone, name: 'Agent.SessionRefresh', session: 'required' },
  lockAll: { ...anyone, name: 'Agent.SessionLockAll', session: 'own' },
  status: { ...anyone, name: 'Agent.AgentStatus', session: 'optional' },
  stop: { name: 'Agent.AgentStop', access: [ROLES.admin], session: 'fresh' },
} as const satisfies Record<string, CommandRules>

/** Returns the service `Agent`, with the names and the behaviour of Polykey. */
export function agentService(options: AgentServiceOptions): Handlers<typeof Agent> {
  const { authority, format } = options
  const findOwner = createOwnerSearch(authority)
  const run = <Result>(
    rules: CommandRules,
    { current, caller }: InterceptedCall,
    work: (context: CommandContext) => Result | Refusal | Promise<Result | Refusal>,
  ) =>
    options.pipeline
      .run<Result>(rules, { current, caller, params: null }, (_params, context) => work(context))
      .then((outcome) => {
        if (!outcome.ok) throw errorOf(outcome)
        return outcome.value
      })

  return {
    sessionUnlock({ identity, passwordOrFile }, call) {
      if (passwordOrFile.case === 'passwordFile') {
        throw new LatchkeyError('invalid_request', 'The client reads the password file.')
      }
      const password = passwordOrFile.value
      if (password === undefined || password === '') {
        const message = 'Give the password.'
        throw new NamedError('ErrorClientPasswordNotProvided', 'invalid_request', message)
      }
      return run(RULES.unlock, call, async ({ caller }) => {
        // Without an owner no actor has that identity, which takes as long as a wrong password.
        const owner = identity === '' ? await findOwner(caller.signal) : null
        const outcome = await authority.login(
          { identity: owner?.identities[0]?.value ?? identity, password, profile: 'agent', format },
          caller,
        )
        return outcome.ok ? tokenMessage(outcome) : outcome
      })
    },
    sessionRefresh: (_request, call) =>
      run(RULES.refresh, call, async ({ caller }) => {
        const outcome = await authority.sessions.refresh(currentOf(call), caller)
        return outcome.ok ? tokenMessage(outcome) : outcome
      }),
    sessionLockAll: (_request, call) =>
      run(RULES.lockAll, call, async ({ caller, actor }) => {
        const ending = { ...caller, reason: 'locked', by: actor.id } as const
        await authority.sessions.end({ owner: actor.id, raiseEpoch: true }, ending)
        return { success: true }
      }),
    agentStatus: (_request, call) =>
      run(RULES.status, call, async ({ caller }) => {
        const owner = await findOwner(caller.signal)
        const { version, addresses } = options.info()
        return {
          version,
          addresses: [...addresses],
          pid: BigInt(process.pid),
          hasOwner: owner !== null,
          sessionExpiresAtMs: BigInt(call.current?.session.expiresAt ?? 0),
        }
      }),
    agentStop: (_request, call) =>
      run(RULES.stop, call, () => {
        setImmediate(options.onStop)
        return {}
      }),
  }
}

// The search looks at every actor, and unauthenticated clients cause it: the result is kept and checked by id, and concurrent calls share
// one search.
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
