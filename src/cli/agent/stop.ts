import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { LatchkeyError } from '../../core/errors.ts'
import { nodePathOf } from '../node-path.ts'
import { findAgent } from './agent-state.ts'
import { withSessionOf } from './connect.ts'

/** Longer than a server may take by default to answer what is under way. */
const WAIT_MS = 30_000
const POLL_MS = 20

/**
 * `agent stop`: ends the agent of this machine by a signal, for which its user needs no session, and waits until it has let go of
 * everything; with `--server`, that one, as an administrator. False where there is none to stop.
 */
export async function stopAgent(command: Command): Promise<boolean> {
  const named = command.opts<{ server?: string }>().server ?? process.env['LATCHKEY_SERVER']
  if (named) {
    await withSessionOf(command, ({ agent }) => agent.agentStop({}))
    return true
  }
  const nodePath = nodePathOf(command)
  const deadline = performance.now() + WAIT_MS
  let signalled: number | null = null
  for (;;) {
    // As long as the agent has its lock, what status.json says is of it, and the process is that one.
    const { state, agent } = findAgent(nodePath)
    const another = agent !== null && signalled !== null && agent.pid !== signalled
    if (state === 'stopped' || another) return signalled !== null
    if (agent !== null && signalled === null) {
      send(agent.pid)
      signalled = agent.pid
    }
    if (performance.now() > deadline) {
      throw new LatchkeyError('timeout', 'The agent has not stopped in time.')
    }
    await sleep(POLL_MS)
  }
}

function send(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ESRCH') return
    throw new LatchkeyError('access_denied', `The process ${pid} cannot be stopped.`, { cause })
  }
}
