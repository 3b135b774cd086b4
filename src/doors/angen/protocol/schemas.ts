import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CommandRegistry } from '../../../commands/index.ts'
import { applicationSchemas, isServed } from './application.ts'
import { describe } from './command.ts'
import { angenCommands } from './commands/index.ts'
import { slashed } from './events.ts'
import { MESSAGES } from './messages.ts'
import { REQUEST_SCHEMA, RESPONSE_SCHEMA } from './request.ts'
import type { JsonSchema } from './schema.ts'

const ROOT = '/schema/angen'

/** The published schemas by path. */
export type Schemas = ReadonlyMap<string, JsonSchema>

/** Returns every schema of the protocol and of the application's commands, made from the definitions that the door runs on. */
export function publishSchemas(registry: CommandRegistry): Schemas {
  const schemas = new Map<string, JsonSchema>([
    [`${ROOT}/request.json`, REQUEST_SCHEMA],
    [`${ROOT}/response.json`, RESPONSE_SCHEMA],
  ])
  for (const { name, schema } of angenCommands) schemas.set(commandPath(name), schema)
  for (const [name, schema] of Object.entries(MESSAGES)) {
    schemas.set(messagePath(name), describe(schema, name, `The message ${name}`))
  }
  for (const command of registry.list().filter(({ name }) => isServed(name))) {
    const described = applicationSchemas(command)
    schemas.set(commandPath(slashed(command.name)), described.command)
    schemas.set(messagePath(slashed(command.name)), described.message)
  }
  return schemas
}

export function commandPath(name: string): string {
  return `${ROOT}/commands/${name}_command.json`
}

export function messagePath(name: string): string {
  return `${ROOT}/messages/${name}_message.json`
}

/** Answers `GET /schema/angen/…`. Returns false for every other request, which it does not touch. */
export function serveSchemas(
  registry: CommandRegistry,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  let known: { readonly commands: number; readonly texts: Map<string, string> } | null = null
  const texts = (): Map<string, string> => {
    // Commands are added and never removed.
    const commands = registry.list().length
    if (known?.commands !== commands) known = { commands, texts: written(publishSchemas(registry)) }
    return known.texts
  }
  return ({ method, url = '' }, response) => {
    const path = url.split('?', 1)[0] ?? ''
    if (path !== ROOT && !path.startsWith(`${ROOT}/`)) return false
    if (method !== 'GET' && method !== 'HEAD') {
      send(response, 405, PROBLEMS.method, { allow: 'GET, HEAD' })
      return true
    }
    const text = texts().get(path.replace(/\/$/, ''))
    if (text === undefined) send(response, 404, PROBLEMS.nothing)
    else send(response, 200, text)
    return true
  }
}

function written(schemas: Schemas): Map<string, string> {
  const paths = [...schemas.keys()].sort()
  return new Map([
    [ROOT, JSON.stringify({ schemas: paths })],
    ...paths.map((path) => [path, JSON.stringify(schemas.get(path))] as const),
  ])
}

const PROBLEMS = {
  method: '{"code":"invalid_request","detail":"Schemas are only read."}',
  nothing: '{"code":"not_found","detail":"There is no such schema."}',
} as const

function send(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...headers,
  })
  response.end(text)
}
