import {
  type OpenAgentOptions,
  openAgent,
  type RemoteAgent,
  type Session,
} from '../client/index.ts'
import { findRouteCommand } from '../server/route-command.ts'
import { type Api, type ApiCall, apiOf } from './api.ts'

export interface GrpcApiOptions extends Omit<OpenAgentOptions, 'session'> {
  /** Finds the session; null for calls without one. */
  readonly session: (() => Promise<Session>) | null
}

/** Makes the client of a server’s gRPC door that asks as that of the HTTP API does: what a route names is a command on both. */
export function createGrpcApi({ session, ...options }: GrpcApiOptions): Api {
  let opened: Promise<RemoteAgent> | null = null
  const open = async () => openAgent({ ...options, session: (await session?.()) ?? null })
  return apiOf(options.address, async <T>(method: string, path: string, call: ApiCall = {}) => {
    opened ??= open()
    const { sessions } = await opened
    const command = findRouteCommand(method, path)
    if (command === null) throw new Error(`There is no route ${method} ${path}.`)
    const { name, params } = command
    const input = { ...params, ...call.query, ...(call.body as object | undefined) }
    const { result } = await sessions.command({ name, params: JSON.stringify(input) })
    return JSON.parse(result) as T
  })
}
