import { z } from 'zod'
import type { Command, CommandRegistry } from '../../commands/index.ts'
import { ERROR_TABLE, LatchkeyError } from '../../core/index.ts'
import { applicationCommands } from './application-commands.ts'
import { commandRoute, ROUTES, type Route } from './routes.ts'

type Json = Record<string, unknown>

/** An OpenAPI 3.1 description. */
export interface ApiDescription extends Json {
  /** Operations by path and method. */
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { readonly schemas: Json; readonly securitySchemes: Json }
}

/** An operation of the description. */
export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly description: string
  readonly parameters?: readonly { name: string; in: string; schema: Json; required: boolean }[]
  readonly requestBody?: { readonly content: Record<string, { schema: Json }> }
  readonly responses: Record<string, Json>
  readonly security: readonly Json[]
}

const PROBLEM: Json = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(ERROR_TABLE) },
    detail: { type: 'string' },
    reason: { type: 'string' },
    requestId: { type: 'string' },
    issues: {
      type: 'array',
      items: {
        type: 'object',
        properties: { path: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
}

const EVENT: Json = {
  type: 'object',
  required: ['name'],
  properties: { name: { type: 'string' }, data: {} },
}

/** Describes the routes and the application's commands, from the definitions that the door runs on. */
export function describeApi(registry: CommandRegistry, prefix: string): ApiDescription {
  const schemas: Json = { Problem: PROBLEM, Event: EVENT }
  const paths: Record<string, Record<string, Operation>> = {}
  const add = (route: Route, command: Command) => {
    const path = prefix + route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = {
      ...paths[path],
      [route.method.toLowerCase()]: describe(route, command, schemas),
    }
  }
  for (const route of ROUTES) {
    const command = registry.find(route.command)
    if (command === null) {
      throw new LatchkeyError('invalid_request', `No command ${route.command} for ${route.path}.`)
    }
    add(route, command)
  }
  for (const command of applicationCommands(registry)) add(commandRoute(command.name), command)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Latchkey',
      version: '1',
      description:
        'One session, every door. Times are epoch milliseconds; refusals are problems with a code.',
    },
    paths,
    components: {
      schemas,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        cookie: { type: 'apiKey', in: 'cookie', name: '__Host-latchkey' },
      },
    },
  }
}

function describe(route: Route, command: Command, schemas: Json): Operation {
  const input = toSchema(command, 'params', schemas)
  const { parameters, body } =
    route.result === 'with-events' ? { parameters: [], body: input } : splitInput(route, input)
  const types = [
    'application/json',
    ...(route.form === true ? ['application/x-www-form-urlencoded'] : []),
  ]
  return {
    operationId: command.name,
    summary: command.about ?? command.name,
    description: needs(command),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === null
      ? {}
      : {
          requestBody: {
            content: Object.fromEntries(types.map((type) => [type, { schema: body }])),
          },
        }),
    responses: {
      [route.status]: { description: 'Done', ...describeResult(route, command, schemas) },
      default: {
        description: 'Refused',
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        },
      },
    },
    security: command.session === 'optional' ? [] : [{ bearer: [] }, { cookie: [] }],
  }
}

/** Divides the parameters of a command between the path, the query and the body. */
function splitInput(route: Route, input: Json) {
  const properties = (input['properties'] ?? {}) as Record<string, Json>
  const required = new Set((input['required'] ?? []) as string[])
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '')
  const others = Object.keys(properties).filter((name) => !inPath.includes(name))
  const isQuery = route.method === 'GET'
  const parameters: { name: string; in: string; required: boolean; schema: Json }[] = [
    ...inPath,
    ...(isQuery ? others : []),
  ].map((name) => ({
    name,
    in: inPath.includes(name) ? 'path' : 'query',
    required: inPath.includes(name) || required.has(name),
    schema: properties[name] ?? { type: 'string' },
  }))
  if (route.query !== undefined) {
    const { name, value } = route.query
    parameters.push({ name, in: 'query', required: true, schema: { const: value } })
  }
  const fields = {
    ...Object.fromEntries((isQuery ? [] : others).map((name) => [name, properties[name]])),
    ...(route.cookie === 'offer' ? { cookie: { type: 'boolean' } } : {}),
  }
  const body: Json = {
    type: 'object',
    additionalProperties: false,
    properties: fields,
    required: others.filter((name) => required.has(name)),
  }
  return { parameters, body: Object.keys(fields).length === 0 ? null : body }
}

function describeResult(route: Route, command: Command, schemas: Json): Json {
  const events = { type: 'array', items: { $ref: '#/components/schemas/Event' } }
  if (route.result === 'with-events') {
    const properties = { result: toSchema(command, 'result', schemas), events }
    const schema = { type: 'object', required: ['result', 'events'], properties }
    return { content: { 'application/json': { schema } } }
  }
  if (route.status === 204 || command.result === undefined) return {}
  return { content: { 'application/json': { schema: toSchema(command, 'result', schemas) } } }
}

function needs(command: Command): string {
  const { access } = command
  const named = access.length === 0 ? 'no one' : `the role ${access.join(' or ')}`
  const roles = access.includes('*') ? 'anyone' : named
  const session = {
    optional: 'no session',
    required: 'a session',
    own: 'a session that is not an impersonation',
    fresh: 'a session with a fresh proof',
  }[command.session]
  return `For ${roles}; needs ${session}.`
}

/**
 * Returns the JSON Schema of a command's parameters or result. The parts that have an id become components; the id of a different part is
 * qualified with the command's name.
 */
function toSchema(command: Command, of: 'params' | 'result', components: Json): Json {
  const schema = command[of]
  if (schema === undefined) return {}
  const io = of === 'params' ? 'input' : 'output'
  const { $schema: _, $defs = {}, ...rest } = jsonSchemaOf(schema, io)
  const definitions = Object.entries($defs as Json)
  const same = (name: string, definition: unknown) =>
    !Object.hasOwn(components, name) ||
    JSON.stringify(components[name]) === JSON.stringify(relink(definition, new Map()))
  const names = new Map(
    definitions.map(([name, definition]) => [
      name,
      same(name, definition) ? name : `${command.name}.${name}`,
    ]),
  )
  for (const [name, definition] of definitions) {
    components[names.get(name) ?? name] = relink(definition, names)
  }
  return relink(rest, names) as Json
}

// A schema of another copy of zod, or one that JSON Schema cannot express, must not stop the server: its description is empty.
function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  try {
    return z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json
  } catch {
    return {}
  }
}

function relink(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => relink(item, names))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]) => [
    key,
    key === '$ref' && typeof inner === 'string'
      ? inner.replace(
          /^#\/\$defs\/(.*)$/,
          (_, name: string) => `#/components/schemas/${names.get(name) ?? name}`,
        )
      : relink(inner, names),
  ])
  return Object.fromEntries(entries)
}
