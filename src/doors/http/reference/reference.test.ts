import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { z } from 'zod'
import { openFixture } from '../../../../test/support/http-door.ts'
import { builtInCommands, createRegistry, defineCommand } from '../../../commands/index.ts'
import { describeApi } from '../openapi.ts'
import { ROUTES } from '../routes.ts'
import type { Json, Operation } from './description.ts'
import { fieldsOf } from './schema-html.ts'

const greet = defineCommand({
  name: 'shop.greet',
  about: 'Greets.',
  access: ['*'],
  params: z.strictObject({ name: z.string().describe('The name to greet') }),
  result: z.strictObject({ text: z.string().describe('The greeting') }),
  run: ({ name }) => ({ text: `Hello ${name}` }),
})
const registry = createRegistry([...builtInCommands, greet])
const description = describeApi(registry, '', { publicOrigin: 'https://login.example' })

function* operations(): Iterable<[what: string, operation: Operation]> {
  for (const [path, methods] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      yield [`${method.toUpperCase()} ${path}`, operation]
    }
  }
}

test('a linter finds nothing to mend in the description', async () => {
  const config = await createConfig({ extends: ['recommended-strict'] })
  for (const api of [description, describeApi(createRegistry(builtInCommands), '/auth')]) {
    const source = JSON.stringify(api)
    const problems = await lintFromString({ source, config, absoluteRef: 'openapi.json' })
    assert.deepEqual(
      problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer]),
      [],
    )
  }
})

test('every field of a request, an answer and a schema has a text', () => {
  const without: string[] = []
  const look = (where: string, schema: Json | undefined) => {
    for (const field of fieldsOf(schema ?? {})) {
      // What a command of an application returns is described by the application.
      if (field.name === 'result') continue
      if (field.description === '') without.push(`${where}: ${field.name}`)
    }
  }
  for (const [what, { parameters = [], requestBody, responses }] of operations()) {
    for (const { name, description: text } of parameters) {
      if (text === undefined) without.push(`${what}: ${name}`)
    }
    for (const { schema } of Object.values(requestBody?.content ?? {})) look(what, schema)
    for (const { content = {} } of Object.values(responses)) {
      for (const { schema } of Object.values(content)) look(what, schema)
    }
  }
  for (const [name, schema] of Object.entries(description.components.schemas)) {
    look(name, schema as Json)
  }
  assert.deepEqual(without, [], 'Describe these fields in the shapes of the commands.')
})

test('every example of a request is accepted by its command, and every answer has its shape', () => {
  for (const { method, path, command: name, status } of ROUTES) {
    const command = registry.find(name)
    assert.ok(command !== null)
    const operation = description.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()]
    const body = operation?.requestBody?.content['application/json']
    const inPath = [...path.matchAll(/:(\w+)/g)].map(([, parameter = '']) => [parameter, 'x'])
    if (body !== undefined) {
      const example = { ...(body.example as Json), ...Object.fromEntries(inPath) }
      const parsed = command.params.safeParse(example)
      assert.ok(parsed.success, `${method} ${path}: ${parsed.error?.message}`)
    }
    if (status === 204) continue
    const answer = operation?.responses[status]?.content?.['application/json']
    const parsed = command.result?.safeParse(answer?.example)
    assert.ok(parsed?.success, `${method} ${path}: ${parsed?.error?.message}`)
  }
})

test('a body is required where one of its fields is, and an operation is in one group', () => {
  const groups = new Set(description.tags.map(({ name }) => name))
  for (const [what, { requestBody, tags }] of operations()) {
    assert.equal(tags.length, 1, what)
    assert.ok(groups.has(tags[0] ?? ''), what)
    const [media] = Object.values(requestBody?.content ?? {})
    if (media === undefined || what.includes('/oauth/')) continue
    const required = (media.schema['required'] ?? []) as string[]
    assert.equal(requestBody?.required, required.length > 0, what)
  }
  assert.deepEqual(description.paths['/v1/commands/shop.greet']?.['post']?.tags, ['Application'])
})

test('the server is that of the public URL, else a relative one', async () => {
  const servers = async (publicUrl?: string) => {
    const door = publicUrl === undefined ? {} : { publicUrl }
    await using fixture = await openFixture({ door })
    return (await fixture.ask('GET /openapi.json')).body['servers']
  }
  assert.deepEqual(await servers(), [{ url: '/' }])
  assert.deepEqual(await servers('https://login.example'), [{ url: 'https://login.example' }])
})

test('every link of the page leads to a place on it, and every operation can be tried', async () => {
  await using fixture = await openFixture({ door: { commands: [greet] } })
  const { text } = await fixture.ask('GET /docs')
  const ids = new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))
  const links = [...text.matchAll(/ href="([^"]+)"/g)].map(([, link = '']) => link)
  for (const link of links) {
    assert.ok(link === 'openapi.json' || ids.has(link.slice(1)), link)
    assert.ok(link === 'openapi.json' || link.startsWith('#'), link)
  }
  for (const [what, { operationId }] of operations()) {
    assert.ok(ids.has(operationId), what)
    assert.ok(links.includes(`#${operationId}`), what)
  }
  const lines = [...text.matchAll(/<pre class="copy"[^>]*><code>(.*?)<\/code>/g)]
  assert.equal(lines.length, [...operations()].length)
  assert.doesNotMatch(text, /(src|href)="(https?:)?\/\/|@import|url\(/)
})

test('the line of an operation is a request that the server answers', async () => {
  await using fixture = await openFixture()
  const { text } = await fixture.ask('GET /docs')
  const line = /<article id="actors\.create">.*?class="copy".*?<code>(.*?)<\/code>/s.exec(text)?.[1]
  const shown = (line ?? '').replaceAll('&quot;', '"').replaceAll('&#39;', "'")
  const [, url = '', body = ''] = /^curl '([^']+)' .* -d '([^']+)'$/.exec(shown) ?? []
  const reply = await fixture.ask(`POST ${new URL(url).pathname}`, { body: JSON.parse(body) })
  assert.equal(reply.status, 201, shown)
})
