import type { Command } from 'commander'
import { sessionOf } from '../client-options.ts'
import { provePassword } from '../password.ts'
import { connect, withoutSession, withSessionOf } from './connect.ts'

/** `agent unlock`: proves the password and keeps the session in the session file. */
export async function unlockAgent(
  command: Command,
): Promise<{ sessionId: string; expiresAt: number }> {
  const { passwordFile, identity = '' } = command.opts<{
    passwordFile?: string
    identity?: string
  }>()
  return withoutSession(command, async ({ agent }) => {
    const answer = await provePassword(passwordFile, (value) =>
      agent.sessionUnlock({ passwordOrFile: { case: 'password', value }, identity }),
    )
    await keep(command, answer.token)
    return { sessionId: answer.sessionId, expiresAt: Number(answer.expiresAtMs) }
  })
}

// What cannot be kept is ended: nobody has it.
async function keep(command: Command, token: string): Promise<void> {
  const session = sessionOf(command)
  try {
    await session.start({ token })
  } catch (error) {
    await session.start({ token, persist: false })
    const remote = await connect(command, session)
    await remote.sessions.revoke({}).catch(() => undefined)
    remote.close()
    throw error
  }
}

/** `agent lock`: removes the session file. */
export function lockAgent(command: Command): Promise<void> {
  return sessionOf(command).destroy()
}

/** `agent lockall`: ends every session of the actor, then removes the session file. */
export async function lockAllOfAgent(command: Command): Promise<void> {
  await withSessionOf(command, ({ agent }) => agent.sessionLockAll({}))
  await lockAgent(command)
}
