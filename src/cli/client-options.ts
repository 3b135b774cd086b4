import { join } from 'node:path'
import type { Command } from 'commander'
import { createHttpClient, type HttpClient } from '../client/http/index.ts'
import { Session } from '../client/session/session.ts'
import { LatchkeyError } from '../core/errors.ts'
import { hasHadAgent } from './agent/agent-state.ts'
import { type Endpoint, endpointOf } from './endpoint.ts'
import { createGrpcApi } from './grpc-api.ts'
import { addNodePathOption, nodePathOf } from './node-path.ts'
import type { Format } from './output.ts'
import { usage } from './usage.ts'
import { version } from './version.ts'

/** The server of a command, and the format in which the command prints. */
export interface Client {
  readonly api: HttpClient
  readonly format: Format
}

/** Adds the flags of a command that talks to a server. */
export function addClientOptions(command: Command): Command {
  command
    .option(
      '--server <URL>',
      'the server: http://, https://, grpc:// or grpcs:// (LATCHKEY_SERVER; default: the local agent, else this machine)',
    )
    .option('--ca <FILE>', 'the CA certificates to verify a grpcs:// server with (LATCHKEY_CA)')
  return addFormatOption(addNodePathOption(command))
}

/** Adds `--format`. */
export function addFormatOption(command: Command): Command {
  return command.option('--format <FORMAT>', 'human or json', 'human')
}

/** Adds `--limit`. */
export function addLimitOption(command: Command): Command {
  return command.option('--limit <N>', 'print at most N rows', '100')
}

/**
 * Makes the client that a command’s flags and the environment select. The token is that of `LATCHKEY_TOKEN`, else that of the session
 * file; with `anonymous` there is none.
 */
export function clientOf(command: Command, { anonymous = false } = {}): Client {
  const format = formatOf(command)
  const endpoint = endpointFor(command, 'http')
  let started: Promise<Session> | null = null
  const session = () => {
    started ??= startSession(command)
    return started
  }
  if (endpoint.protocol === 'grpc') {
    return { api: createGrpcApi({ ...endpoint, session: anonymous ? null : session }), format }
  }
  const token = async () => {
    if (anonymous) return undefined
    const held = await (await session()).readToken()
    // While the agent does not run, any program can listen on the default port: do not send it the agent's token.
    const unverified =
      held !== undefined && endpoint.assumed && !process.env['LATCHKEY_TOKEN']?.trim()
    if (!unverified || !hasHadAgent(nodePathOf(command))) return held
    const message =
      'The agent is not running. Start it with “latchkey agent start”, or name a server with --server.'
    throw new LatchkeyError('unavailable', message)
  }
  const { server } = endpoint
  const userAgent = `latchkey-cli/${version}`
  return { api: createHttpClient({ server, token, userAgent, logger: { warn } }), format }
}

/** Starts the session of a command with the token of `LATCHKEY_TOKEN`, which is never saved, else with that of the session file. */
export async function startSession(command: Command): Promise<Session> {
  const session = sessionOf(command)
  const token = process.env['LATCHKEY_TOKEN']?.trim()
  await session.start(token ? { token, persist: false } : {})
  return session
}

/** Returns the endpoint of a command’s server; `otherwise` is the protocol of the default server. */
export function endpointFor(command: Command, otherwise: 'http' | 'grpc'): Endpoint {
  const { server, ca } = command.opts<{ server?: string; ca?: string }>()
  return endpointOf({ server, ca, nodePath: nodePathOf(command), otherwise })
}

/** Makes the session of a command’s node path; it is not started. */
export function sessionOf(command: Command): Session {
  return new Session({ clientPath: join(nodePathOf(command), 'client'), logger: { warn } })
}

function warn(message: string): void {
  process.stderr.write(`latchkey: warning: ${message}\n`)
}

/** Returns the value of `--format`. */
export function formatOf(command: Command): Format {
  const { format } = command.opts<{ format: string }>()
  if (format !== 'human' && format !== 'json') throw usage('--format: must be human or json.')
  return format
}

/** Returns the value of `--limit`. */
export function limitOf(command: Command): number {
  const { limit } = command.opts<{ limit: string }>()
  if (!/^[1-9]\d{0,8}$/.test(limit)) throw usage('--limit: must be a whole number from 1.')
  return Number(limit)
}
