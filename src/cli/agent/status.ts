import type { Command } from 'commander'
import { ErrorSessionOtherServer, ErrorSessionTokenInvalid } from '../../client/index.ts'
import { endpointFor, startSession } from '../client-options.ts'
import { nodePathOf } from '../node-path.ts'
import { findAgent } from './agent-state.ts'
import { connect, withoutSession } from './connect.ts'

/** The output of `agent status`. */
export type AgentStatus =
  | { readonly status: 'stopped' | 'starting' }
  | {
      readonly status: 'running'
      /** `unknown` if the agent has no gRPC door. */
      readonly session: 'unlocked' | 'locked' | 'unknown'
      /** When the session expires unless it is used; null without a session. */
      readonly expiresAt: number | null
      readonly pid: number
      readonly version: string
      readonly hasOwner: boolean | null
      readonly addresses: readonly { readonly door: string; readonly address: string }[]
    }

/** `agent status`: the status of the local agent, or of the server that is named. */
export async function getAgentStatus(command: Command): Promise<AgentStatus> {
  const named = command.opts<{ server?: string }>().server ?? process.env['LATCHKEY_SERVER']
  if (!named) {
    const { state, agent } = findAgent(nodePathOf(command))
    if (state !== 'running') return { status: state }
    if (endpointFor(command, 'grpc').protocol === 'http') {
      const { pid, version, addresses } = agent
      return { ...NO_GRPC, pid, version, addresses }
    }
  }
  const { pid, version, hasOwner, addresses, sessionExpiresAtMs } = await requestStatus(command)
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

const NO_GRPC = { status: 'running', session: 'unknown', expiresAt: null, hasOwner: null } as const

async function requestStatus(command: Command) {
  try {
    const session = await startSession(command, endpointFor(command, 'grpc'))
    const remote = await connect(command, session)
    return await remote.agent.agentStatus({}).finally(() => remote.close())
  } catch (error) {
    // A value that is not a token, and a token of another server, count as no token: locked.
    const counts =
      error instanceof ErrorSessionTokenInvalid || error instanceof ErrorSessionOtherServer
    if (!counts) throw error
    return await withoutSession(command, ({ agent }) => agent.agentStatus({}))
  }
}
