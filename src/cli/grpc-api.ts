import { createHttpClientFrom, type HttpCall, type HttpClient } from '../client/http/index.ts'
import type { OpenAgentOptions, RemoteAgent, Session } from '../client/index.ts'

export interface GrpcApiOptions extends Omit<OpenAgentOptions, 'session'> {
  /** Returns the session; null for calls without one. */
  readonly session: (() => Promise<Session>) | null
}

/** Makes a client of a server’s gRPC door with the interface of the HTTP client: each route calls a command, and so does gRPC. */
export function createGrpcApi({ session, ...options }: GrpcApiOptions): HttpClient {
  let opened: Promise<RemoteAgent> | null = null
  const open = async () => {
    const { openAgent } = await import('../client/index.ts')
    return openAgent({ ...options, session: (await session?.()) ?? null })
  }
  return createHttpClientFrom(
    options.address,
    async <T>(method: string, path: string, call: HttpCall = {}) => {
      opened ??= open()
      const { sessions } = await opened
      const { findRouteCommand } = await import('../server/route-command.ts')
      const command = findRouteCommand(method, path)
      if (command === null) throw new Error(`There is no route ${method} ${path}.`)
      const { name, params } = command
      const input = { ...params, ...call.query, ...(call.body as object | undefined) }
      const { result } = await sessions.command({ name, params: JSON.stringify(input) })
      return JSON.parse(result) as T
    },
  )
}
