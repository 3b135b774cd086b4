import {
  type ConfigSources,
  createServer,
  loadConfig,
  openLog,
  type RunningServer,
  type ServerConfig,
} from '../server/index.ts'
import { endOnSignals, watchFaults } from './lifecycle.ts'
import { outliveReader } from './output.ts'
import { version } from './version.ts'

/** What to serve: the sources of its configuration, and what counts where those say nothing. */
export type ServeSources = Pick<ConfigSources, 'flags' | 'configFile'> & {
  readonly defaults?: ServerConfig
}

export interface Serving {
  readonly server: RunningServer
  readonly config: ServerConfig
}

/** Runs a server until a signal ends it. Throws where it cannot start. */
export async function serve(sources: ServeSources): Promise<void> {
  const { server, config } = await startServing(sources)
  await announce(server, config)
}

/** Starts a server that a signal ends. Throws where it cannot start. */
export async function startServing({ defaults, ...sources }: ServeSources): Promise<Serving> {
  outliveReader()
  const loaded = await loadConfig({ ...sources, env: process.env, folder: process.cwd() })
  const config = { ...defaults, ...loaded.config }
  const log = openLog({ level: config.logLevel ?? 'info', human: config.dev ?? false })
  for (const name of loaded.unknownVariables) {
    log.logger.warn(`The environment variable ${name} means nothing here.`)
  }
  const server = await createServer(config, {
    log,
    // As any other end of it.
    onStop: () => void process.kill(process.pid, 'SIGTERM'),
  })
  endOnSignals(server)
  watchFaults(server)
  if (loaded.file !== null) log.logger.info(`Configuration: ${loaded.file}`)
  return { server, config }
}

// On standard output and not in the log: logs are collected, and the code is a secret.
async function announce(server: RunningServer, config: ServerConfig): Promise<void> {
  const lines = linesOf(server, config)
  for (const { door, address } of server.addresses) {
    if (config.dev !== true) server.log.logger.info({ door, address }, 'Listening.')
  }
  const code = await server.authority.actors.createClaimCode().catch((err: unknown) => {
    server.log.logger.error({ err }, 'No code for an administrator could be made.')
    return null
  })
  // In a clone of the repository there is no `latchkey` on the path.
  const command =
    process.env['npm_lifecycle_event'] === 'start' ? 'npm run latchkey --' : 'latchkey'
  if (code !== null) {
    const http = server.addresses.find(({ door }) => door === 'http')
    const elsewhere =
      http === undefined || http.address === 'http://127.0.0.1:8080'
        ? ''
        : ` --server ${http.address}`
    lines.push(
      `No administrator yet. Within 15 minutes: ${command} admin claim ${code}${elsewhere}`,
    )
  }
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
}

/** What is running, and where. */
export function linesOf({ addresses }: RunningServer, { dev }: ServerConfig): string[] {
  const first = `Latchkey ${version}${dev === true ? ' in development mode' : ''}`
  return [first, ...addresses.map(({ door, address }) => `${door} listens on ${address}`)]
}
