import { z } from 'zod'
import type { Command, CommandRegistry } from '../../commands/index.ts'
import { ERROR_TABLE, LatchkeyError } from '../../core/index.ts'
import { ROUTES, type Route } from './routes.ts'

type Json = Record<string, unknown>

/** An OpenAPI 3.1 description. */
export interface ApiDescription extends Json {
  readonly paths: Record<string, Record<string, Operation>>
}

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
    issues: {
      type: 'array',
      items: {
        type: 'object',
        properties: { path: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
}

/** Describes the door from the very definitions it runs on: its routes and the schemas of their commands. */
export function describeApi(registry: CommandRegistry, prefix: string): ApiDescription {
  const schemas: Json = { Problem: PROBLEM }
  const paths: Record<string, Record<string, Operation>> = {}
  for (const route of ROUTES) {
    const command = registry.find(route.command)
    if (command === null) {
      throw new LatchkeyError('invalid_request', `No command ${route.command} for ${route.path}.`)
    }
    const path = prefix + route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = {
      ...paths[path],
      [route.method.toLowerCase()]: describe(route, command, schemas),
    }
  }
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
  const input = toSchema(command.params, 'input', schemas)
  const properties = (input['properties'] ?? {}) as Record<string, Json>
  const required = new Set((input['required'] ?? []) as string[])
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '')
  const others = Object.keys(properties).filter((name) => !inPath.includes(name))
  const inQuery = route.method === 'GET' ? others : []
  const parameters = [...inPath, ...inQuery].map((name) => ({
    name,
    in: inPath.includes(name) ? 'path' : 'query',
    required: inPath.includes(name) || required.has(name),
    schema: properties[name] ?? { type: 'string' },
  }))
  if (route.query !== undefined) {
    const { name, value } = route.query
    parameters.push({ name, in: 'query', required: true, schema: { const: value } })
  }
  const body = route.method === 'GET' ? [] : others
  const bodySchema: Json = {
    type: 'object',
    additionalProperties: false,
    properties: {
      ...Object.fromEntries(body.map((name) => [name, properties[name]])),
      ...(route.cookie === 'offer' ? { cookie: { type: 'boolean' } } : {}),
    },
    required: body.filter((name) => required.has(name)),
  }
  const types = [
    'application/json',
    ...(route.form === true ? ['application/x-www-form-urlencoded'] : []),
  ]
  const hasBody = Object.keys(bodySchema['properties'] as Json).length > 0
  return {
    operationId: command.name,
    summary: command.about ?? command.name,
    description: needs(command),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(hasBody
      ? {
          requestBody: {
            content: Object.fromEntries(types.map((type) => [type, { schema: bodySchema }])),
          },
        }
      : {}),
    responses: {
      [route.status]: {
        description: 'Done',
        ...(route.status === 204 || command.result === undefined
          ? {}
          : {
              content: {
                'application/json': { schema: toSchema(command.result, 'output', schemas) },
              },
            }),
      },
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

function needs(command: Command): string {
  const who = command.access.includes('*') ? 'anyone' : `the role ${command.access.join(' or ')}`
  const what = {
    optional: 'no session',
    required: 'a session',
    own: 'a session that is no impersonation',
    fresh: 'a session proved lately',
  }[command.session]
  return `For ${who}; needs ${what}.`
}

/** A zod schema as JSON Schema, its named parts moved to the components. */
function toSchema(schema: z.ZodType, io: 'input' | 'output', components: Json): Json {
  const generated = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json
  const { $schema: _, $defs, ...rest } = generated
  for (const [name, definition] of Object.entries(($defs ?? {}) as Json)) {
    components[name] = relink(definition)
  }
  return relink(rest) as Json
}

function relink(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relink)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]) => [
    key,
    key === '$ref' && typeof inner === 'string'
      ? inner.replace('#/$defs/', '#/components/schemas/')
      : relink(inner),
  ])
  return Object.fromEntries(entries)
}
