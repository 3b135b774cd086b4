import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { openFixture } from '../../../test/support/http-door.ts'
import { builtInCommands, createRegistry, defineCommand } from '../../commands/index.ts'
import { ERROR_TABLE } from '../../core/index.ts'
import { describeApi, type Operation } from './openapi.ts'
import { ROUTES } from './routes.ts'

const description = describeApi(createRegistry(builtInCommands), '')

const OAUTH = [
  'POST /oauth/device_authorization',
  'POST /oauth/token',
  'POST /oauth/revoke',
  'POST /oauth/introspect',
  'GET /.well-known/oauth-authorization-server',
  'GET /.well-known/oauth-protected-resource',
]

const inBraces = (path: string) => path.replaceAll(/:(\w+)/g, '{$1}')

function operation(method: string, path: string): Operation {
  const found = description.paths[path]?.[method]
  assert.ok(found !== undefined, `${method} ${path}`)
  return found
}

function bodyOf(method: string, path: string): Record<string, unknown> {
  const content = operation(method, path).requestBody?.content ?? {}
  return Object.values(content)[0]?.schema ?? {}
}

/** Everything in a value that is under the key `$ref`. */
function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' ? [String(inner)] : referencesIn(inner),
  )
}

function resolve(document: unknown, reference: string): unknown {
  assert.match(reference, /^#\//)
  return reference
    .slice(2)
    .split('/')
    .reduce<unknown>(
      (part, name) =>
        typeof part === 'object' && part !== null
          ? (part as Record<string, unknown>)[name.replaceAll('~1', '/').replaceAll('~0', '~')]
          : undefined,
      document,
    )
}

test('the reference lists exactly the routes', () => {
  const listed = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const routes = [...ROUTES.map(({ method, path }) => `${method} ${inBraces(path)}`), ...OAUTH]
  assert.deepEqual(listed.sort(), routes.sort())
})

test('every $ref in the description resolves', () => {
  const references = new Set(referencesIn(description))
  assert.ok(references.size >= 5, [...references].join())
  for (const reference of references) {
    assert.notEqual(resolve(description, reference), undefined, reference)
  }
})

test('the served description is the generated one, with the prefix in each path', async () => {
  await using fixture = await openFixture({ door: { prefix: '/auth/' } })
  const reply = await fixture.ask('GET /auth/openapi.json')
  assert.equal(reply.headers.get('content-type'), 'application/json')
  const registry = createRegistry(builtInCommands)
  assert.deepEqual(reply.body, JSON.parse(JSON.stringify(describeApi(registry, '/auth'))))
  assert.equal(reply.body['openapi'], '3.1.0')
  const paths = Object.keys(reply.body['paths'] as object)
  assert.ok(paths.every((path) => /^\/auth\/(v1|oauth|\.well-known)\//.test(path)))
})

test('operation ids are the names of the commands, each once', () => {
  const ids = ROUTES.map(
    ({ method, path }) => operation(method.toLowerCase(), inBraces(path)).operationId,
  )
  assert.deepEqual(
    ids,
    ROUTES.map(({ command }) => command),
  )
  assert.equal(new Set(ids).size, ids.length)
})

test('parameters of the path are required, those of a query where the command requires them', () => {
  const list = operation('get', '/v1/sessions').parameters ?? []
  assert.deepEqual(
    list.map(({ name, in: where, required }) => [name, where, required]),
    [
      ['limit', 'query', false],
      ['after', 'query', false],
    ],
  )
  for (const route of ROUTES) {
    const named = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name)
    const { parameters = [] } = operation(route.method.toLowerCase(), inBraces(route.path))
    const inPath = parameters.filter((parameter) => parameter.in === 'path')
    assert.deepEqual(
      inPath.map(({ name, required }) => [name, required]),
      named.map((name) => [name, true]),
    )
  }
  const except = operation('delete', '/v1/sessions').parameters
  assert.deepEqual(
    except?.map(({ name, required, schema }) => [name, required, schema]),
    [['except', true, { const: 'current' }]],
  )
})

test('a body lists its required fields, allows no others, and has the cookie field where a route offers one', () => {
  const login = bodyOf('post', '/v1/sessions')
  assert.deepEqual(login['required'], ['identity', 'password'])
  assert.equal(login['additionalProperties'], false)
  assert.deepEqual(Object.keys(login['properties'] as object).sort(), [
    'cookie',
    'endSession',
    'identity',
    'label',
    'password',
    'profile',
  ])
  assert.ok(!('cookie' in (bodyOf('post', '/v1/actors')['properties'] as object)))
  assert.equal(operation('delete', '/v1/session').requestBody, undefined)
  assert.deepEqual(
    Object.keys(operation('post', '/v1/introspect').requestBody?.content ?? {}).sort(),
    ['application/json', 'application/x-www-form-urlencoded'],
  )
})

test('every operation has its success, its problem and its access', () => {
  for (const { method, path, status, command } of ROUTES) {
    const {
      responses,
      security,
      description: who,
    } = operation(method.toLowerCase(), inBraces(path))
    assert.deepEqual(Object.keys(responses).sort(), [String(status), '4XX', '5XX'].sort(), path)
    for (const refused of ['4XX', '5XX']) {
      const response = resolve(description, responses[refused]?.$ref ?? '') as { content: object }
      assert.deepEqual(Object.keys(response.content), ['application/problem+json'])
    }
    if (command.startsWith('admin.') && command !== 'admin.claim') {
      assert.match(who, /the role admin; needs a session with a fresh proof/)
      assert.deepEqual(security, [{ bearer: [] }, { cookie: [] }])
    }
  }
  assert.deepEqual(operation('post', '/v1/sessions').security, [])
})

test('the description of a problem lists every code', () => {
  const problem = resolve(description, '#/components/schemas/Problem') as {
    properties: { code: { enum: string[] } }
  }
  assert.deepEqual(problem.properties.code.enum, Object.keys(ERROR_TABLE))
})

test('a route whose command is not registered stops the start', () => {
  const rest = builtInCommands.filter(({ name }) => name !== 'session.renew')
  assert.throws(() => describeApi(createRegistry(rest), ''), /session\.renew/)
})

test('a command with a taken name stops the start, and the error names it', async () => {
  const mine = defineCommand({
    name: 'session.get',
    access: ['*'],
    params: z.strictObject({}),
    run: () => null,
  })
  await assert.rejects(openFixture({ door: { commands: [mine] } }), { code: 'conflict' })
})

test('the page has every route and every code, and no script', async () => {
  await using fixture = await openFixture({ door: { prefix: '/auth' } })
  const { status, headers, text } = await fixture.ask('GET /auth/docs')
  assert.equal(status, 200)
  assert.equal(headers.get('content-type'), 'text/html; charset=utf-8')
  for (const { method, path } of ROUTES) {
    const heading = `<span class="method ${method.toLowerCase()}">${method}</span><code>/auth${inBraces(path)}</code>`
    assert.ok(text.includes(heading), `${method} ${path}`)
  }
  for (const code of Object.keys(ERROR_TABLE)) assert.ok(text.includes(`<code>${code}</code>`))
  assert.doesNotMatch(text, /<script|\son\w+=|javascript:/i)
  assert.doesNotMatch(text, /undefined|\[object/)
})

test('the page may load nothing, run nothing and not be framed', async () => {
  await using fixture = await openFixture()
  const { headers } = await fixture.ask('GET /docs')
  const policy = headers.get('content-security-policy') ?? ''
  const directives = policy.split(';').map((directive) => directive.trim())
  for (const wanted of [
    "default-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]) {
    assert.ok(directives.includes(wanted), wanted)
  }
  assert.doesNotMatch(policy, /script-src/)
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
})
