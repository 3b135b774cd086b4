import type { Command } from 'commander'
import { endpointFor, sessionOf } from '../client-options.ts'
import { warnOfPrecedence } from '../given-token.ts'
import { provePassword } from '../password.ts'
import { connect, withoutSession, withSessionOf } from './connect.ts'

/** `agent unlock`: logs in with the password and saves the token in the session file. */
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
    await save(command, answer.token)
    warnOfPrecedence(command)
    return { sessionId: answer.sessionId, expiresAt: Number(answer.expiresAtMs) }
  })
}

// A session whose token cannot be saved is ended, because no client would hold it.
async function save(command: Command, token: string): Promise<void> {
  const session = sessionOf(command, endpointFor(command, 'grpc'))
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
  return sessionOf(command, null).destroy()
}

/** `agent lockall`: ends every session of the actor, then removes the session file. */
export async function lockAllSessions(command: Command): Promise<void> {
  const session = sessionOf(command, null)
  const token = await session.readToken()
  await withSessionOf(command, ({ agent }) => agent.sessionLockAll({}))
  // Another process may have saved a newer token meanwhile.
  if (token !== undefined) await session.destroy({ only: token })
}
