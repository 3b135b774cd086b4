import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { z } from 'zod'
import { openFixture } from '../../../../test/support/angen-door.ts'
import { createRegistry, defineCommand } from '../../../commands/index.ts'
import { angenCommands } from './commands/index.ts'
import { MESSAGES } from './messages.ts'
import { commandPath, messagePath, publishSchemas } from './schemas.ts'

const move = defineCommand({
  name: 'chess.move',
  about: 'Moves.',
  access: ['user'],
  params: z.strictObject({ to: z.string() }),
  run: () => null,
})

test('every command and every message has a schema, and what a command answers is one', () => {
  const schemas = publishSchemas(createRegistry([move]))
  for (const { name, answers = 'system/success', about } of angenCommands) {
    assert.equal(schemas.get(commandPath(name))?.['description'], about)
    assert.ok(schemas.has(messagePath(answers)), answers)
  }
  for (const name of Object.keys(MESSAGES)) assert.ok(schemas.has(messagePath(name)))
  for (const name of ['request', 'response']) assert.ok(schemas.has(`/schema/angen/${name}.json`))
  assert.deepEqual(schemas.get(commandPath('chess/move'))?.required, ['to'])
  assert.ok(schemas.has(messagePath('chess/move')))
  for (const [path, schema] of schemas) {
    assert.equal(schema['$schema'], 'http://json-schema.org/draft-07/schema#', path)
    assert.doesNotThrow(() => z.fromJSONSchema(schema as never), path)
  }
})

test('the reference lists every command, with what it answers', () => {
  const file = new URL('../../../../docs/reference/angen.md', import.meta.url)
  const text = readFileSync(file, 'utf8')
  for (const { name, answers = 'system/success', about } of angenCommands) {
    const row = text.split('\n').find((line) => line.startsWith(`| \`${name}\` |`))
    assert.ok(row?.includes(` | \`${answers}\` | `) && row.endsWith(`| ${about} |`), name)
  }
})

test('what is checked is what is published: no part of a schema is only for readers', () => {
  const read = new Set([
    '$schema',
    'title',
    'description',
    'type',
    'properties',
    'required',
    'items',
  ])
  const check = (schema: unknown, path: string): void => {
    for (const [key, value] of Object.entries(schema as object)) {
      if (key === 'properties') {
        for (const [name, inner] of Object.entries(value as object)) check(inner, `${path}/${name}`)
      } else if (key === 'items') check(value, `${path}/items`)
      // A number that is a safe integer is one that JSON can carry; an object may have more than it says.
      else if (!['minimum', 'maximum', 'additionalProperties'].includes(key)) {
        assert.ok(read.has(key), `${path}: ${key}`)
      }
    }
  }
  for (const { name, schema } of angenCommands) check(schema, name)
})

test('schemas are served, with an index, and nothing else is', async (t) => {
  const { door } = await openFixture(t, { commands: [move] })
  const server = createServer((request, response) => {
    if (!door.handle(request, response)) response.writeHead(418).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const get = (path: string, method = 'GET') => fetch(url + path, { method })
  const index = (await (await get('/schema/angen/')).json()) as { schemas: string[] }
  assert.ok(index.schemas.includes('/schema/angen/commands/auth/get_token_command.json'))
  assert.ok(index.schemas.includes('/schema/angen/messages/auth/token_message.json'))
  for (const path of index.schemas) {
    const response = await get(path)
    assert.equal(response.status, 200)
    assert.equal(typeof (await response.json()), 'object')
  }
  assert.equal((await get('/schema/angen/commands/enfys/login_command.json')).status, 404)
  assert.equal((await get('/schema/angen/__proto__')).status, 404)
  assert.equal((await get('/schema/angen', 'POST')).status, 405)
  for (const path of ['/schema', '/schema/angenx', '/', '/v1/session']) {
    assert.equal((await get(path)).status, 418)
  }
})
