import { join } from 'node:path'
import type { Command } from 'commander'
import { Session } from '../client/index.ts'
import { LatchkeyError } from '../core/errors.ts'
import { hasHadAgent } from './agent/agent-state.ts'
import { type Api, createApi } from './api.ts'
import { type Endpoint, endpointOf } from './endpoint.ts'
import { createGrpcApi } from './grpc-api.ts'
import { addNodePathOption, nodePathOf } from './node-path.ts'
import type { Format } from './output.ts'
import { usage } from './usage.ts'

/** What every command that talks to a server knows. */
export interface Client {
  readonly api: Api
  readonly format: Format
}

/** Gives a command the flags of one that talks to a server. */
export function addClientOptions(command: Command): Command {
  command
    .option(
      '--server <URL>',
      'the server: http://, https://, grpc:// or grpcs:// (LATCHKEY_SERVER, else the agent that runs here)',
    )
    .option('--ca <FILE>', 'the certificates by which to know a grpcs:// server (LATCHKEY_CA)')
  return addFormatOption(addNodePathOption(command))
}

/** Gives a command the flag of how it prints. */
export function addFormatOption(command: Command): Command {
  return command.option('--format <FORMAT>', 'human or json', 'human')
}

/** Gives a command that lists the flag that bounds it. */
export function addLimitOption(command: Command): Command {
  return command.option('--limit <N>', 'how many at most', '100')
}

/**
 * The client that a command’s flags and the environment ask for; the token is that of `LATCHKEY_TOKEN`, else of the session file, and
 * with `anonymous` none.
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
    // While the agent is away, its port is anybody's, and so is the default one.
    const stray = held !== undefined && endpoint.assumed && !process.env['LATCHKEY_TOKEN']?.trim()
    if (!stray || !hasHadAgent(nodePathOf(command))) return held
    const message =
      'The agent is not running: start it with “latchkey agent start”, or name a server with --server.'
    throw new LatchkeyError('unavailable', message)
  }
  return { api: createApi({ server: endpoint.server, token }), format }
}

/** The session of a command, with the token of `LATCHKEY_TOKEN`, which is never kept, else with that of the session file. */
export async function startSession(command: Command): Promise<Session> {
  const session = sessionOf(command)
  const token = process.env['LATCHKEY_TOKEN']?.trim()
  await session.start(token ? { token, persist: false } : {})
  return session
}

/** Where a command’s server is. */
export function endpointFor(command: Command, otherwise: 'http' | 'grpc'): Endpoint {
  const { server, ca } = command.opts<{ server?: string; ca?: string }>()
  return endpointOf({ server, ca, nodePath: nodePathOf(command), otherwise })
}

/** The session of a command’s node path, not started. */
export function sessionOf(command: Command): Session {
  const warn = (message: string) => void process.stderr.write(`latchkey: warning: ${message}\n`)
  return new Session({ clientPath: join(nodePathOf(command), 'client'), logger: { warn } })
}

/** The value of `--format`. */
export function formatOf(command: Command): Format {
  const { format } = command.opts<{ format: string }>()
  if (format !== 'human' && format !== 'json') throw usage('--format: must be human or json.')
  return format
}

/** The value of `--limit`. */
export function limitOf(command: Command): number {
  const { limit } = command.opts<{ limit: string }>()
  if (!/^[1-9]\d{0,8}$/.test(limit)) throw usage('--limit: must be a whole number from 1.')
  return Number(limit)
}
