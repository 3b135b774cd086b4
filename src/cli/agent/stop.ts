import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { LatchkeyError } from '../../core/errors.ts'
import { nodePathOf } from '../node-path.ts'
import { findAgent } from './agent-state.ts'
import { withSessionOf } from './connect.ts'

/** Longer than a server takes by default to finish the requests in progress. */
const WAIT_MS = 30_000
const POLL_MS = 20

/**
 * `agent stop`: ends the local agent by a signal, which needs no session, and waits until it has released its lock. With `--server`
 * it stops that server, as an administrator. Returns false if no agent runs.
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
    // While the lock is held, the process in status.json is the agent.
    const { state, agent } = findAgent(nodePath)
    const another = agent !== null && signalled !== null && agent.pid !== signalled
    if (state === 'stopped' || another) return signalled !== null
    if (agent !== null && signalled === null) {
      send(agent.pid)
      signalled = agent.pid
    }
    if (performance.now() > deadline) {
      throw new LatchkeyError('timeout', 'The agent did not stop in time.')
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
