import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { openFixture, refused, SAME_ORIGIN } from '../../../test/support/http-door.ts'
import {
  builtInCommands,
  createRegistry,
  defineCommand,
  type OnAnswered,
} from '../../commands/index.ts'
import { LatchkeyError } from '../../core/index.ts'
import { describeApi } from './openapi.ts'

const move = defineCommand({
  name: 'game.move',
  about: 'Moves a piece.',
  access: ['user'],
  params: z.strictObject({ x: z.int(), name: z.string().optional() }),
  result: z.strictObject({ at: z.int(), by: z.string() }),
  run({ x }, { actor, emit }) {
    if (x < 0) throw new LatchkeyError('conflict', 'The piece is at the edge.')
    emit(null, { name: 'moved', data: { x } })
    return { at: x, by: actor.name }
  },
})
const ping = defineCommand({
  name: 'game.ping',
  access: ['*'],
  params: z.strictObject({}),
  run: () => undefined,
})
const remove = defineCommand({
  name: 'game.remove',
  access: ['user'],
  session: 'fresh',
  params: z.strictObject({}),
  run: () => null,
})
const door = { commands: [move, ping, remove] }

test('a command of the application is served by its name, with the events for its caller', async () => {
  await using fixture = await openFixture({ door })
  const { token } = await fixture.person('ada')
  const reply = await fixture.ask('POST /v1/commands/game.move', { token, body: { x: 3 } })
  assert.equal(reply.status, 200)
  assert.deepEqual(reply.body, {
    result: { at: 3, by: 'ada' },
    events: [{ name: 'moved', data: { x: 3 } }],
  })
  const empty = await fixture.ask('POST /v1/commands/game.ping')
  assert.deepEqual([empty.status, empty.body], [200, { result: null, events: [] }])
})

test('a command of the application is refused as every other', async () => {
  await using fixture = await openFixture({ door })
  const { token } = await fixture.person('ada')
  const call = (body: unknown, given: object = { token }) =>
    fixture.ask('POST /v1/commands/game.move', { ...given, body })
  refused(await call({ x: 1 }, {}), 401, 'token_missing')
  refused(await call({ x: 1 }, { token: 'x' }), 401, 'token_invalid')
  refused(await call({ x: 'one' }), 400, 'invalid_request')
  refused(await call({ x: 1, name: 'a', other: 1 }), 400, 'invalid_request')
  refused(await call([]), 400, 'invalid_request')
  refused(await call({ x: -1 }), 409, 'conflict')
  const other = await fixture.person('bob', ['other'])
  refused(await call({ x: 1 }, { token: other.token }), 403, 'access_denied')
  // The name in the path is not a parameter.
  refused(await call({}), 400, 'invalid_request')
  fixture.clock.advance(15 * 60_000)
  const fresh = await fixture.ask('POST /v1/commands/game.remove', { token })
  refused(fresh, 401, 'step_up_required')
})

test('a command called with a cookie needs a page of the same origin', async () => {
  await using fixture = await openFixture({ door })
  await fixture.person('ada')
  const cookie = await fixture.cookieOf('ada')
  const call = (headers: Readonly<Record<string, string>>) =>
    fixture.ask('POST /v1/commands/game.move', { cookie, body: { x: 1 }, headers })
  refused(await call({}), 403, 'origin_refused')
  refused(await call({ origin: 'https://evil.example' }), 403, 'origin_refused')
  assert.equal((await call(SAME_ORIGIN)).status, 200)
})

test('a built-in command has no second path, and an unknown one none at all', async () => {
  await using fixture = await openFixture({ door })
  const { token } = await fixture.person('ada', ['user', 'admin'])
  for (const { name } of builtInCommands) {
    refused(await fixture.ask(`POST /v1/commands/${name}`, { token, body: {} }), 404, 'not_found')
  }
  for (const path of ['game.nothing', 'constructor', '__proto__', '', 'game.move/x', '%zz']) {
    refused(await fixture.ask(`POST /v1/commands/${path}`, { token, body: {} }), 404, 'not_found')
  }
  refused(await fixture.ask('GET /v1/commands/game.move', { token }), 404, 'not_found')
})

test('answers are counted under one template, whatever the command is called', async () => {
  const counted: string[] = []
  const onAnswered: OnAnswered = ({ method, route, status }) =>
    void counted.push(`${status} ${method} ${route}`)
  await using fixture = await openFixture({ door: { ...door, onAnswered } })
  await fixture.ask('POST /v1/commands/game.ping')
  await fixture.ask('POST /v1/commands/game.move')
  assert.deepEqual(counted, ['200 POST /v1/commands/:name', '401 POST /v1/commands/:name'])
})

test('the reference describes the parameters and the result of a command', async () => {
  await using fixture = await openFixture({ door: { ...door, prefix: '/auth' } })
  const { body } = await fixture.ask('GET /auth/openapi.json')
  const paths = body['paths'] as ReturnType<typeof describeApi>['paths']
  const described = paths['/auth/v1/commands/game.move']?.['post']
  assert.equal(described?.operationId, 'game.move')
  assert.equal(described.summary, 'Moves a piece.')
  assert.deepEqual(described.requestBody?.content['application/json']?.schema, {
    type: 'object',
    properties: {
      x: { type: 'integer', minimum: -9007199254740991, maximum: 9007199254740991 },
      name: { type: 'string' },
    },
    required: ['x'],
    additionalProperties: false,
  })
  const ok = described.responses['200'] as {
    content: Record<string, { schema: { properties: { result: object }; required: string[] } }>
  }
  const { schema } = ok.content['application/json'] ?? assert.fail('no schema')
  assert.deepEqual(schema.required, ['result', 'events'])
  assert.deepEqual(Object.keys(schema.properties.result), [
    'description',
    'type',
    'properties',
    'required',
    'additionalProperties',
  ])
  assert.match((await fixture.ask('GET /auth/docs')).text, /\/auth\/v1\/commands\/game\.move/)
})

test('a command that is registered later is served and described', () => {
  const registry = createRegistry(builtInCommands)
  assert.equal(describeApi(registry, '').paths['/v1/commands/game.ping'], undefined)
  registry.add([ping])
  assert.ok('post' in (describeApi(registry, '').paths['/v1/commands/game.ping'] ?? {}))
})

test('a schema that cannot be described does not stop the start', () => {
  const one = z.strictObject({ a: z.int() }).meta({ id: 'game.same' })
  const params = z.strictObject({ one, other: z.string().meta({ id: 'game.same' }) })
  const odd = defineCommand({ name: 'game.odd', access: ['*'], params, run: () => null })
  const { paths } = describeApi(createRegistry([...builtInCommands, odd]), '')
  const body = paths['/v1/commands/game.odd']?.['post']?.requestBody
  assert.deepEqual(body?.content['application/json']?.schema, {})
})

test('a shape of the application does not replace one of the reference with the same name', () => {
  const actor = z.strictObject({ lives: z.int() }).meta({ id: 'Actor' })
  const define = (name: string) =>
    defineCommand({ name, access: ['*'], params: z.strictObject({ actor }), run: () => null })
  const registry = createRegistry([...builtInCommands, define('game.one')])
  const before = describeApi(createRegistry(builtInCommands), '').components
  const { components, paths } = describeApi(registry, '')
  assert.deepEqual(components.schemas['Actor'], before.schemas['Actor'])
  assert.ok('game.one.Actor' in components.schemas)
  const text = JSON.stringify(paths['/v1/commands/game.one'])
  assert.match(text, /#\/components\/schemas\/game\.one\.Actor/)
})
