import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import {
  type Game,
  openGame,
  SEED_FILES,
  withCommands,
} from '../../../../test/support/mage-door.ts'
import { until } from '../../../../test/support/until.ts'
import { createPipeline, defineCommand } from '../../../commands/index.ts'

const FILES = {
  ...withCommands({
    'poke.js': `exports.acl = ['user']
exports.execute = async (state, to, text) => {
  state.emit(to, 'poked', text); state.emit(null, 'poking', [text]); state.emit(null, 'bare')
  return { by: state.actorId, session: state.session.getFullKey() }
}`,
    'fails.js': `exports.acl = ['*']
exports.execute = async (state, code) => { state.emit(null, 'lost'); state.emit(null, 'kept', 1, { alwaysEmit: true }); state.error(code) }`,
    'slow.js': `exports.acl = ['*']; exports.timeout = 5; exports.execute = (state, callback) => {}`,
    'odd name.js': `exports.acl = ['*']; exports.execute = async (state) => 'odd'`,
  }),
  'lib/modules/sessions/usercommands/list.js': `exports.acl = ['*']; exports.execute = async (state) => 'mine'`,
}

/** Calls a command as any other door does. */
function otherDoor({ authority, registry, connections }: Game) {
  const deliver = connections.send.bind(connections)
  const pipeline = createPipeline({ authority, registry, deliver })
  return (name: string, params: unknown, token?: string) =>
    pipeline.dispatch({ name, params, caller: { door: 'test' }, ...(token ? { token } : {}) })
}

test('a user command can be called through any door', async (t) => {
  const game = await openGame(t, { files: FILES })
  const [ada, bob] = [await game.person('ada'), await game.person('bob')]
  const check = await game.authority.authenticate(bob.key)
  assert.ok(check.ok)
  const heard: unknown[] = []
  const send = (event: unknown) => void heard.push(event)
  game.connections.open(check, { door: 'test', send, close: () => undefined })
  const call = otherDoor(game)
  const outcome = await call('players.poke', { to: bob.id, text: 'hi', more: 1 }, ada.key)
  assert.deepEqual(outcome, {
    ok: true,
    value: { by: ada.id, session: false },
    events: [{ name: 'poking', data: ['hi'] }, { name: 'bare' }],
  })
  await until(() => heard.length > 0)
  assert.deepEqual(heard, [{ name: 'poked', data: 'hi' }])
  const echo = await call('players.echo', [1, 2])
  assert.deepEqual(echo.ok && echo.value, { a: 1, b: 2 })
  for (const params of [null, undefined]) {
    assert.deepEqual(await call('players.noop', params), { ok: true, value: null, events: [] })
  }
})

test('its codes are those of the registry', async (t) => {
  const game = await openGame(t, { files: FILES })
  const call = otherDoor(game)
  const told = async (name: string, params: unknown) => {
    const outcome = await call(name, params)
    return outcome.ok ? 'ok' : [outcome.code, outcome.reason ?? null]
  }
  const cases: [string, string, string | null][] = [
    ['invalidUsernameOrPassword', 'credentials_invalid', null],
    ['userExists', 'identity_taken', null],
    ['banned', 'actor_suspended', null],
    ['auth', 'access_denied', null],
    ['server', 'internal', null],
    ['throttled', 'throttled', null],
    ['notEnoughGold', 'invalid_request', 'notEnoughGold'],
    ['constructor', 'invalid_request', 'constructor'],
  ]
  for (const [code, own, reason] of cases) {
    assert.deepEqual(await told('players.fails', [code]), [own, reason], code)
  }
  const failed = await call('players.fails', ['x'])
  assert.deepEqual(failed.events, [{ name: 'kept', data: 1 }])
  assert.deepEqual(await told('players.login', ['ada', 'x']), ['credentials_invalid', null])
  assert.deepEqual(await told('players.whoami', {}), ['token_missing', null])
  assert.deepEqual(await told('players.nobody', {}), ['token_missing', null])
  assert.deepEqual(await told('players.slow', {}), ['timeout', null])
  assert.deepEqual(await told('players.echo', [1, 2, 3]), ['invalid_request', null])
  assert.equal((await told('players.echo', 'text'))[0], 'invalid_request')
})

test('a name that is taken, or that no other door can carry, stays this door’s own', async (t) => {
  const game = await openGame(t, { files: FILES })
  assert.deepEqual((await game.call('sessions.list')).entries, [[null, 'mine']])
  assert.equal(game.registry.find('players.odd name'), null)
  assert.deepEqual((await game.send('/game/players.odd%20name', { body: '[]\n{}' })).entries, [
    [null, 'odd'],
  ])
  const outcome = await otherDoor(game)('sessions.list', {}, (await game.person('ada')).key)
  assert.ok(outcome.ok && outcome.value !== 'mine')
})

test('MAGE’s clients call the commands of the registry', async (t) => {
  const game = await openGame(t, { files: SEED_FILES })
  game.registry.add([
    defineCommand({
      name: 'shop.buy',
      access: ['user'],
      params: z.strictObject({ item: z.string() }),
      run({ item }, { emit, actor }) {
        emit(null, { name: 'bought', data: item })
        return [actor.name, item]
      },
    }),
  ])
  const { key } = await game.person('ada')
  const [entry] = (await game.call('shop.buy', [{ item: 'hat' }], { key })).entries
  assert.deepEqual(entry, [null, ['ada', 'hat'], [['bought', 'hat']]])
  assert.deepEqual((await game.call('shop.buy', [{ item: 'hat' }])).entries, [['auth', null]])
  assert.deepEqual((await game.call('shop.buy', [{}], { key })).entries, [
    ['invalid_request', null],
  ])
  const login = { identity: 'ada', password: 'wrong' }
  const { entries } = await game.call('session.login', [login])
  assert.deepEqual(entries, [['invalidUsernameOrPassword', null]])
})
