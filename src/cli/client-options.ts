import { join } from 'node:path'
import type { Command } from 'commander'
import { ErrorSessionOtherServer } from '../client/errors.ts'
import { createHttpClient, type HttpClient } from '../client/http/index.ts'
import { Session } from '../client/session/session.ts'
import { isThisMachine } from '../core/address.ts'
import { LatchkeyError } from '../core/errors.ts'
import { hasHadAgent } from './agent/agent-state.ts'
import { type Endpoint, endpointOf } from './endpoint.ts'
import { addTokenFileOption, givenToken } from './given-token.ts'
import { createGrpcApi } from './grpc-api.ts'
import { addNodePathOption, nodePathOf } from './node-path.ts'
import type { Format } from './output.ts'
import { usage } from './usage.ts'
import { version } from './version.ts'
import { warn } from './warn.ts'

/** The server of a command, and the format in which the command prints. */
export interface Client {
  readonly api: HttpClient
  readonly format: Format
}

/** The session of a client, if it is not that which the flags and the environment select. */
export interface ClientSession {
  /** Whether calls have no session. False by default. */
  readonly anonymous?: boolean
  /** The token of the session. It is not saved. */
  readonly token?: string
}

/** Adds the flags of a command that talks to a server. */
export function addClientOptions(command: Command): Command {
  command
    .option(
      '--server <URL>',
      'the server: http://, https://, grpc:// or grpcs:// (LATCHKEY_SERVER; default: the local agent, else this machine)',
    )
    .option('--ca <FILE>', 'the CA certificates to verify a grpcs:// server with (LATCHKEY_CA)')
  return addFormatOption(addTokenFileOption(addNodePathOption(command)))
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
 * Makes the client that a command’s flags and the environment select. The token is that of `--token-file`, of `LATCHKEY_TOKEN` or of
 * the session file; with `anonymous` there is none.
 */
export function clientOf(command: Command, options: ClientSession = {}): Client {
  const { anonymous = false, token: given } = options
  const format = formatOf(command)
  const endpoint = endpointFor(command, 'http')
  let started: Promise<Session> | null = null
  const session = () => {
    started ??= startSession(command, endpoint, given)
    return started
  }
  if (endpoint.protocol === 'grpc') {
    return { api: createGrpcApi({ ...endpoint, session: anonymous ? null : session }), format }
  }
  const token = async () => (anonymous ? undefined : (await session()).readToken())
  const { server } = endpoint
  const userAgent = `latchkey-cli/${version}`
  return { api: createHttpClient({ server, token, userAgent, logger: { warn } }), format }
}

/**
 * Starts the session of a command: with a token of `givenToken`, which is never saved, else with that of the session file. Throws
 * `access_denied` if the token of the file belongs to another server, or would be sent unencrypted beyond this machine.
 */
export async function startSession(
  command: Command,
  endpoint: Endpoint,
  token: string | null = givenToken(command),
): Promise<Session> {
  const session = sessionOf(command, endpoint)
  if (token !== null) {
    await session.start({ token, persist: false })
    return session
  }
  try {
    await session.start()
  } catch (error) {
    throw isAgentMissing(error, command, endpoint) ? agentMissing() : error
  }
  if (session.token !== '' && isUnencrypted(endpoint)) {
    throw new LatchkeyError(
      'access_denied',
      'A saved session is not sent without encryption beyond this machine. Use https or grpcs.',
    )
  }
  return session
}

// While the agent does not run, any program can listen on the default port: the agent's token is not sent to it.
function isAgentMissing(error: unknown, command: Command, endpoint: Endpoint): boolean {
  if (!(error instanceof ErrorSessionOtherServer)) return false
  return endpoint.assumed && hasHadAgent(nodePathOf(command))
}

function agentMissing(): LatchkeyError {
  return new LatchkeyError(
    'unavailable',
    'The agent is not running. Start it with “latchkey agent start”, or name a server with --server.',
  )
}

function isUnencrypted(endpoint: Endpoint): boolean {
  if (endpoint.protocol === 'grpc') return false
  const { protocol, hostname } = new URL(endpoint.server)
  return protocol === 'http:' && !isThisMachine(hostname)
}

/** Returns the endpoint of a command’s server; `otherwise` is the protocol of the default server. */
export function endpointFor(command: Command, otherwise: 'http' | 'grpc'): Endpoint {
  const { server, ca } = command.opts<{ server?: string; ca?: string }>()
  return endpointOf({ server, ca, nodePath: nodePathOf(command), otherwise })
}

/**
 * Makes the session of a command’s node path; it is not started. With an endpoint it is bound to that server: a token of another server
 * is not read, and a new token is saved for this one.
 */
export function sessionOf(command: Command, endpoint: Endpoint | null): Session {
  const options = { clientPath: join(nodePathOf(command), 'client'), logger: { warn } }
  return new Session(endpoint === null ? options : { ...options, server: endpoint.binding })
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
