import type { Command } from 'commander'
import { ErrorSessionTokenInvalid } from '../../client/index.ts'
import { endpointFor, startSession } from '../client-options.ts'
import { nodePathOf } from '../node-path.ts'
import { findAgent } from './agent-state.ts'
import { connect, withoutSession } from './connect.ts'

/** What `agent status` prints. */
export type AgentStatus =
  | { readonly status: 'stopped' | 'starting' }
  | {
      readonly status: 'running'
      /** `unknown` for an agent without a gRPC door. */
      readonly session: 'unlocked' | 'locked' | 'unknown'
      /** When the session is over if it is not used before; null where there is none. */
      readonly expiresAt: number | null
      readonly pid: number
      readonly version: string
      readonly hasOwner: boolean | null
      readonly addresses: readonly { readonly door: string; readonly address: string }[]
    }

/** `agent status`: of the agent of this machine, or of the server that is named. */
export async function statusOfAgent(command: Command): Promise<AgentStatus> {
  const named = command.opts<{ server?: string }>().server ?? process.env['LATCHKEY_SERVER']
  if (!named) {
    const { state, agent } = findAgent(nodePathOf(command))
    if (state !== 'running') return { status: state }
    if (endpointFor(command, 'grpc').protocol === 'http') {
      const { pid, version, addresses } = agent
      return { ...UNASKED, pid, version, addresses }
    }
  }
  const { pid, version, hasOwner, addresses, sessionExpiresAtMs } = await ask(command)
  return {
    status: 'running',
    session: sessionExpiresAtMs === 0n ? 'locked' : 'unlocked',
    expiresAt: sessionExpiresAtMs === 0n ? null : Number(sessionExpiresAtMs),
    pid: Number(pid),
    version,
    hasOwner,
    addresses: addresses.map(({ door, address }) => ({ door, address })),
  }
}

const UNASKED = { status: 'running', session: 'unknown', expiresAt: null, hasOwner: null } as const

async function ask(command: Command) {
  try {
    const remote = await connect(command, await startSession(command))
    return await remote.agent.agentStatus({}).finally(() => remote.close())
  } catch (error) {
    // What can be no token is none: locked.
    if (!(error instanceof ErrorSessionTokenInvalid)) throw error
    return await withoutSession(command, ({ agent }) => agent.agentStatus({}))
  }
}
