import type { Command, CommandRegistry } from '../../commands/index.ts'
import { ERROR_TABLE, LatchkeyError } from '../../core/index.ts'
import { applicationCommands, isApplicationCommand } from './application-commands.ts'
import {
  type ApiDescription,
  type ApiResponse,
  type Json,
  type Operation,
  type Parameter,
  REFUSALS,
} from './reference/description.ts'
import { exampleOf } from './reference/examples.ts'
import { oauthOperations } from './reference/oauth-operations.ts'
import { schemaOf } from './reference/schema.ts'
import { TAGS, tagOf } from './reference/tags.ts'
import { commandRoute, ROUTES, type Route } from './routes.ts'

export type { ApiDescription, Operation } from './reference/description.ts'

const text = (description: string): Json => ({ type: 'string', description })

const PROBLEM: Json = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: text('`urn:latchkey:error:` and the code'),
    title: text('The same for every problem of a code'),
    status: { type: 'integer', description: 'The status of the answer' },
    code: { type: 'string', enum: Object.keys(ERROR_TABLE), description: 'What happened' },
    detail: text('What happened and what to do'),
    reason: text('Why a session ended'),
    sessions: {
      type: 'array',
      description: 'The live sessions that a login over the limit may end',
      items: {
        type: 'object',
        required: ['id'],
        properties: { id: text('The id of the session') },
      },
    },
    issues: {
      type: 'array',
      description: 'The inputs that were refused',
      items: {
        type: 'object',
        properties: { path: text('The input'), message: text('Why it was refused') },
      },
    },
  },
}

const EVENT: Json = {
  type: 'object',
  required: ['name'],
  properties: { name: text('The name of the event'), data: { description: 'Its content' } },
}

/** Options of `describeApi`. */
export interface DescribeOptions {
  /** The origin that clients see. Without it the description has a relative server. */
  readonly publicOrigin?: string | null
}

/** Describes the routes, the application's commands and the OAuth endpoints, from the definitions that the door runs on. */
export function describeApi(
  registry: CommandRegistry,
  prefix: string,
  { publicOrigin = null }: DescribeOptions = {},
): ApiDescription {
  const schemas: Json = { Problem: PROBLEM }
  const paths: Record<string, Record<string, Operation>> = {}
  const place = (method: string, path: string, operation: Operation) => {
    const full = prefix + path.replaceAll(/:(\w+)/g, '{$1}')
    paths[full] = { ...paths[full], [method.toLowerCase()]: operation }
  }
  const add = (route: Route, command: Command) => {
    const tag = isApplicationCommand(registry, command.name) ? 'Application' : tagOf(command.name)
    place(route.method, route.path, describe(route, command, { schemas, tag }))
  }
  for (const route of ROUTES) {
    const command = registry.find(route.command)
    if (command === null) {
      throw new LatchkeyError('invalid_request', `No command ${route.command} for ${route.path}.`)
    }
    add(route, command)
  }
  for (const command of applicationCommands(registry)) {
    schemas['Event'] = EVENT
    add(commandRoute(command.name), command)
  }
  for (const [what, operation] of Object.entries(oauthOperations(schemas))) {
    const [method = '', path = ''] = what.split(' ')
    place(method, path, operation)
  }
  const used = new Set(
    Object.values(paths).flatMap((methods) => Object.values(methods).flatMap(({ tags }) => tags)),
  )
  return {
    openapi: '3.1.0',
    info: {
      title: 'Latchkey',
      version: '1',
      license: { name: 'MIT', identifier: 'MIT' },
      description:
        'One session, every door. Times are epoch milliseconds; refusals are problems with a code.',
    },
    servers: [{ url: publicOrigin ?? '/' }],
    tags: TAGS.filter(({ name }) => used.has(name)),
    paths,
    components: {
      schemas,
      responses: { Refused: problemResponse('Refused'), Failed: problemResponse('Failed') },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A token of any format' },
        cookie: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-latchkey',
          description: 'The cookie of a login with `"cookie": true`',
        },
        client: { type: 'http', scheme: 'basic', description: 'An OAuth client and its secret' },
      },
    },
  }
}

function problemResponse(description: string): ApiResponse {
  const schema = { $ref: '#/components/schemas/Problem' }
  const example = {
    type: 'urn:latchkey:error:token_missing',
    title: 'Token missing',
    status: 401,
    code: 'token_missing',
    detail: 'No token was given.',
  }
  return { description, content: { 'application/problem+json': { schema, example } } }
}

function describe(
  route: Route,
  command: Command,
  { schemas, tag }: { readonly schemas: Json; readonly tag: string },
): Operation {
  const input = schemaOf(command, 'params', schemas)
  const { parameters, body } =
    route.result === 'with-events' ? { parameters: [], body: input } : splitInput(route, input)
  const types = [
    'application/json',
    ...(route.form === undefined ? [] : ['application/x-www-form-urlencoded']),
  ]
  const needed = (body?.['required'] ?? []) as readonly string[]
  return {
    operationId: command.name,
    tags: [tag],
    summary: command.about ?? command.name,
    description: needs(command),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === null
      ? {}
      : {
          requestBody: {
            required: needed.length > 0,
            content: Object.fromEntries(
              types.map((type) => [
                type,
                { schema: body, example: exampleOf(body, { schemas, required: true }) },
              ]),
            ),
          },
        }),
    responses: { [route.status]: describeResult(route, command, schemas), ...REFUSALS },
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
  const parameters: Parameter[] = [...inPath, ...(isQuery ? others : [])].map((name) => {
    const { description, ...schema } = properties[name] ?? { type: 'string' }
    return {
      name,
      in: inPath.includes(name) ? 'path' : 'query',
      required: inPath.includes(name) || required.has(name),
      schema,
      ...(typeof description === 'string' ? { description } : {}),
    }
  })
  if (route.query !== undefined) {
    const { name, value } = route.query
    const description = 'Required, so that no request ends more than it means'
    parameters.push({ name, in: 'query', required: true, schema: { const: value }, description })
  }
  const fields = {
    ...Object.fromEntries((isQuery ? [] : others).map((name) => [name, properties[name]])),
    ...(route.cookie === 'offer'
      ? { cookie: { type: 'boolean', description: 'Whether a cookie holds the token' } }
      : {}),
  }
  const body: Json = {
    type: 'object',
    additionalProperties: false,
    properties: fields,
    required: others.filter((name) => required.has(name)),
  }
  return { parameters, body: Object.keys(fields).length === 0 ? null : body }
}

function describeResult(route: Route, command: Command, schemas: Json): ApiResponse {
  const description = 'Done'
  const result = schemaOf(command, 'result', schemas)
  const answer = (schema: Json): ApiResponse => ({
    description,
    content: {
      'application/json': { schema, example: exampleOf(schema, { schemas, required: false }) },
    },
  })
  if (route.result === 'with-events') {
    const items = { $ref: '#/components/schemas/Event' }
    const events = { type: 'array', items, description: 'Events for the caller' }
    const properties = { result, events }
    return answer({ type: 'object', required: ['result', 'events'], properties })
  }
  if (route.status === 204 || command.result === undefined) return { description }
  return answer(result)
}

function needs(command: Command): string {
  const { access } = command
  const named = access.length === 0 ? 'no one' : `the role ${access.join(' or ')}`
  const roles = access.includes('*') ? 'anyone' : named
  const session = {
    optional: 'no session',
    required: 'a session',
    user: 'a session of a registered actor',
    own: 'a session that is not an impersonation',
    fresh: 'a session with a fresh proof',
  }[command.session]
  return `For ${roles}; needs ${session}.`
}
