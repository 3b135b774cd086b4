import {
  type ConfigSources,
  createServer,
  loadConfig,
  openLog,
  type RunningServer,
  type ServerConfig,
} from '../server/index.ts'
import { endOnSignals, watchFaults } from './lifecycle.ts'
import { ignoreClosedOutput } from './output.ts'
import { version } from './version.ts'

/** The sources of a server’s configuration; `defaults` apply where these set nothing. */
export type ServeSources = Pick<ConfigSources, 'flags' | 'configFile'> & {
  readonly defaults?: ServerConfig
}

export interface Serving {
  readonly server: RunningServer
  readonly config: ServerConfig
}

/** Runs a server until a signal ends it. Throws if it cannot start. */
export async function serve(sources: ServeSources): Promise<void> {
  const { server, config } = await startServing(sources)
  await announce(server, config)
}

/** Starts a server that a signal ends. Throws if it cannot start. */
export async function startServing({ defaults, ...sources }: ServeSources): Promise<Serving> {
  ignoreClosedOutput()
  const loaded = await loadConfig({ ...sources, env: process.env, folder: process.cwd() })
  const config = { ...defaults, ...loaded.config }
  const log = openLog({ level: config.logLevel ?? 'info', human: config.dev ?? false })
  for (const name of loaded.unknownVariables) {
    log.logger.warn(`Unknown environment variable ${name}.`)
  }
  const server = await createServer(config, {
    log,
    // The same way as a signal from outside.
    onStop: () => void process.kill(process.pid, 'SIGTERM'),
  })
  endOnSignals(server)
  watchFaults(server)
  if (loaded.file !== null) log.logger.info(`Configuration: ${loaded.file}`)
  return { server, config }
}

// To standard output and not to the log: the code is a secret, and logs are collected.
async function announce(server: RunningServer, config: ServerConfig): Promise<void> {
  const lines = linesOf(server, config)
  const cluster = server.durability?.cluster
  if (cluster !== undefined) {
    const level = await server.durability?.read().catch(() => 'unknown')
    lines.push(`Node ${cluster.node} of a database, durability ${level}`)
  }
  for (const { door, address } of server.addresses) {
    if (config.dev !== true) server.log.logger.info({ door, address }, 'Listening.')
  }
  const claim = await claimLine(server)
  if (claim !== null) lines.push(claim)
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
}

/** Returns the line that says how the first administrator is claimed; null if there is one. */
async function claimLine(server: RunningServer): Promise<string | null> {
  const flags = serverFlagsOf(server)
  const cluster = server.durability?.cluster
  const code = await server.authority.actors
    .createClaimCode(cluster === undefined ? {} : { node: cluster.node })
    .catch((err: unknown) => {
      server.log.logger.error(
        { err },
        'The code to claim the first administrator could not be created.',
      )
      return null
    })
  if (code === null) return null
  const none = 'There is no administrator yet.'
  if (flags === null) return `${none} Open --http or --grpc to create one.`
  // In a clone of the repository, `latchkey` is not on the path.
  const command =
    process.env['npm_lifecycle_event'] === 'start' ? 'npm run latchkey --' : 'latchkey'
  return `${none} Within 15 minutes, run: ${command} admin claim ${code}${flags}`
}

/** Returns the flags with which a command on this machine reaches a server; null if no open door serves commands. */
function serverFlagsOf({ addresses, caFile }: RunningServer): string | null {
  const find = (name: string) => addresses.find(({ door }) => door === name)?.address
  const http = find('http')
  if (http === 'http://127.0.0.1:8080') return ''
  if (http !== undefined) return ` --server ${onThisMachine(http)}`
  const grpc = find('grpc')
  if (grpc === undefined) return null
  const ca = caFile === null || grpc.startsWith('grpc://') ? '' : ` --ca ${caFile}`
  return ` --server ${onThisMachine(grpc)}${ca}`
}

// A server that listens on every address is reached by the loopback address.
function onThisMachine(address: string): string {
  return address.replace('://0.0.0.0:', '://127.0.0.1:').replace('://[::]:', '://[::1]:')
}

/** Returns the lines that tell the version and the addresses. */
export function linesOf({ addresses }: RunningServer, { dev }: ServerConfig): string[] {
  const first = `Latchkey ${version}${dev === true ? ' in development mode' : ''}`
  return [first, ...addresses.map(({ door, address }) => `${door} listens on ${address}`)]
}
