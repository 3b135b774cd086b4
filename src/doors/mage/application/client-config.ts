import type { UserCommand } from './user-command.ts'

/** What a client is told of the message stream. */
export interface StreamConfig {
  /** The transports and where each is reached: a path, to which the client's base URL is put. */
  readonly transports: Readonly<Record<string, { readonly route: string }>>
  /** Which of them a client tries, in order. */
  readonly detect: readonly string[]
}

/** `/msgstream` by every transport; a client tries WebSocket, then long polling. */
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
  /** Where the client says that this server is. */
  readonly baseUrl: string
  readonly cors: object | undefined
  readonly withCredentials: boolean
  readonly stream: StreamConfig
  readonly commands: Iterable<UserCommand>
}

/** The answer of `config.get`: what a client needs in order to begin. */
export function clientConfig(parts: ClientConfigParts): object {
  const { appName, appVersion, baseUrl, stream, cors } = parts
  const base = baseUrl.replace(/\/+$/, '')
  // MAGE's clients make `ws` of `http` themselves.
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
