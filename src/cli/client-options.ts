import type { Command } from 'commander'
import { LatchkeyError } from '../core/errors.ts'
import { type Api, createApi } from './api.ts'
import type { Format } from './output.ts'

const DEFAULT_SERVER = 'http://127.0.0.1:8080'

/** What every command that talks to a server knows. */
export interface Client {
  readonly api: Api
  readonly format: Format
}

/** Gives a command the flags of one that talks to a server. */
export function addClientOptions(command: Command): Command {
  return command
    .option('--server <URL>', `the server (LATCHKEY_SERVER, else ${DEFAULT_SERVER})`)
    .option('--format <FORMAT>', 'human or json', 'human')
}

/** Gives a command that lists the flag that bounds it. */
export function addLimitOption(command: Command): Command {
  return command.option('--limit <N>', 'how many at most', '100')
}

/** The client that a command’s flags and the environment ask for; the token comes from `LATCHKEY_TOKEN` alone. */
export function clientOf(command: Command, { anonymous = false } = {}): Client {
  const { server, format } = command.opts<{ server?: string; format: string }>()
  if (format !== 'human' && format !== 'json') throw usage('--format: must be human or json.')
  const token = process.env['LATCHKEY_TOKEN']?.trim()
  const origin = serverOf(server ?? (process.env['LATCHKEY_SERVER'] || DEFAULT_SERVER))
  return {
    api: createApi({ server: origin, token: anonymous || token === '' ? undefined : token }),
    format,
  }
}

/** The value of `--limit`. */
export function limitOf(command: Command): number {
  const { limit } = command.opts<{ limit: string }>()
  if (!/^[1-9]\d{0,8}$/.test(limit)) throw usage('--limit: must be a whole number from 1.')
  return Number(limit)
}

/** An error of whoever typed the command: exit code 64. */
export function usage(message: string): LatchkeyError {
  return new LatchkeyError('invalid_request', message)
}

function serverOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '') {
    throw usage('--server: must be a URL such as http://127.0.0.1:8080.')
  }
  return url.href
}
