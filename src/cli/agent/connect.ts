import type { Command } from 'commander'
import { openAgent, type RemoteAgent, type Session } from '../../client/index.ts'
import { endpointFor, sessionOf, startSession } from '../client-options.ts'
import { givenPassword } from '../password.ts'
import { usage } from '../usage.ts'

/** Opens the gRPC door of a command’s server; `session` is null for calls without one. */
export async function connect(command: Command, session: Session | null): Promise<RemoteAgent> {
  const endpoint = endpointFor(command, 'grpc')
  if (endpoint.protocol !== 'grpc') {
    throw usage(`Agent commands use gRPC, and ${endpoint.server} is HTTP.`)
  }
  return openAgent({ ...endpoint, session })
}

/** Runs `work` with a connection that has no session. */
export async function withoutSession<T>(
  command: Command,
  work: (remote: RemoteAgent) => Promise<T>,
): Promise<T> {
  const remote = await connect(command, null)
  try {
    return await work(remote)
  } finally {
    remote.close()
  }
}

/**
 * Runs `work` in a session: with a password given, a new session that ends afterwards; else that of `LATCHKEY_TOKEN`; else that of
 * the session file.
 */
export async function withSessionOf<T>(
  command: Command,
  work: (remote: RemoteAgent) => Promise<T>,
): Promise<T> {
  const password = await givenPassword(command.opts<{ passwordFile?: string }>().passwordFile)
  const endpoint = endpointFor(command, 'grpc')
  const session =
    password === null ? await startSession(command, endpoint) : sessionOf(command, endpoint)
  if (password !== null) {
    const passwordOrFile = { case: 'password', value: password } as const
    const { token } = await withoutSession(command, ({ agent }) =>
      agent.sessionUnlock({ passwordOrFile }),
    )
    await session.start({ token, persist: false })
  }
  const remote = await connect(command, session)
  try {
    return await work(remote)
  } finally {
    if (password !== null) await remote.sessions.revoke({}).catch(() => undefined)
    remote.close()
  }
}
