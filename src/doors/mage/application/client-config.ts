import type { UserCommand } from './user-command.ts'

/** How clients reach the message stream. */
export interface StreamConfig {
  /** The transports, and the path of each below the client's base URL. */
  readonly transports: Readonly<Record<string, { readonly route: string }>>
  /** The transports that a client tries, in order. */
  readonly detect: readonly string[]
}

/** All transports at `/msgstream`. A client tries WebSocket, then long polling. */
export const DEFAULT_STREAM: StreamConfig = {
  transports: {
    shortpolling: { route: '/msgstream' },
    longpolling: { route: '/msgstream' },
    websocket: { route: '/msgstream' },
  },
  detect: ['websocket', 'longpolling'],
}

interface ClientConfigParts {
  readonly appName: string
  readonly appVersion: string | null
  readonly development: boolean
  /** The base URL that the client sent. */
  readonly baseUrl: string
  readonly cors: object | undefined
  readonly withCredentials: boolean
  readonly stream: StreamConfig
  readonly commands: Iterable<UserCommand>
}

/** Returns the response of `config.get`, which a client needs to start. */
export function clientConfig(parts: ClientConfigParts): object {
  const { appName, appVersion, baseUrl, stream, cors } = parts
  const base = baseUrl.replace(/\/+$/, '')
  // The clients replace `http` by `ws` themselves.
  const transports = Object.entries(stream.transports).map(
    ([name, { route }]) => [name, { url: base + route }] as const,
  )
  const http = parts.withCredentials ? { withCredentials: true } : {}
  return {
    appName,
    appVersion,
    server: {
      baseUrl: base,
      msgStream: { transports: Object.fromEntries(transports), detect: stream.detect, cors },
      commandCenter: {
        url: `${base}/${appName}`,
        timeout: 15_000,
        commands: listed(parts.commands),
        httpOptions: http,
      },
      savvy: {},
    },
    developmentMode: parts.development,
  }
}

function listed(commands: Iterable<UserCommand>) {
  const byModule = new Map<string, { name: string; params: readonly (string | null)[] }[]>()
  for (const { name, module, params } of commands) {
    const list = byModule.get(module) ?? []
    byModule.set(module, list)
    list.push({ name: name.slice(module.length + 1), params })
  }
  return Object.fromEntries(byModule)
}
