import {
  type OpenAgentOptions,
  openAgent,
  type RemoteAgent,
  type Session,
} from '../client/index.ts'
import { ROUTES } from '../server/http-routes.ts'
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
    const { name, params } = commandOf(method, path)
    const input = { ...params, ...call.query, ...(call.body as object | undefined) }
    const { result } = await sessions.command({ name, params: JSON.stringify(input) })
    return JSON.parse(result) as T
  })
}

/** The command that a request calls, and the parameters in its path. */
function commandOf(method: string, target: string): { name: string; params: object } {
  const [path = ''] = target.split('?')
  for (const route of ROUTES) {
    if (route.method !== method) continue
    const pattern = route.path.replace(/:(\w+)/g, '(?<$1>[^/]+)')
    const match = new RegExp(`^${pattern}$`).exec(path)
    if (match === null) continue
    const given = Object.entries(match.groups ?? {})
    const params = given.map(([key, value]) => [key, decodeURIComponent(value)])
    return { name: route.command, params: Object.fromEntries(params) }
  }
  throw new Error(`There is no route ${method} ${path}.`)
}
