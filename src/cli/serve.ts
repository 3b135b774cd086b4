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

/** Runs a server until a signal ends it. Throws where it cannot start. */
export async function serve(sources: Pick<ConfigSources, 'flags' | 'configFile'>): Promise<void> {
  outliveReader()
  const loaded = await loadConfig({ ...sources, env: process.env, folder: process.cwd() })
  const { config } = loaded
  const log = openLog({ level: config.logLevel ?? 'info', human: config.dev ?? false })
  for (const name of loaded.unknownVariables) {
    log.logger.warn(`The environment variable ${name} means nothing here.`)
  }
  const server = await createServer(config, { log })
  endOnSignals(server)
  watchFaults(server)
  if (loaded.file !== null) log.logger.info(`Configuration: ${loaded.file}`)
  await announce(server, config)
}

// On standard output and not in the log: logs are collected, and the code is a secret.
async function announce(server: RunningServer, config: ServerConfig): Promise<void> {
  const lines = [`Latchkey ${version}${config.dev === true ? ' in development mode' : ''}`]
  for (const { door, address } of server.addresses) lines.push(`${door} listens on ${address}`)
  for (const { door, address } of server.addresses) {
    if (config.dev !== true) server.log.logger.info({ door, address }, 'Listening.')
  }
  const code = await server.authority.createClaimCode().catch((err: unknown) => {
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
