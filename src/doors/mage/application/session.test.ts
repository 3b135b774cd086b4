import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  eventOf,
  type Game,
  keyIn,
  openGame,
  SEED_FILES,
  withCommands,
} from '../../../../test/support/mage-door.ts'
import { createPipeline } from '../../../commands/index.ts'
import { memory, memoryEngine } from '../../../stores/memory/index.ts'
import { fakeClock } from '../../../testing/fake-clock.ts'
import { createHttpDoor } from '../../http/index.ts'

const MINUTE = 60_000

async function reasonFor(game: Game, key: unknown): Promise<unknown> {
  const [entry] = (await game.call('players.noop', [], { key })).entries
  assert.equal(entry?.[0], null, 'the command runs all the same')
  return entry[2] === undefined ? null : eventOf(entry, 'session.unset')
}

test('an invalid key is answered with the reason', async (t) => {
  const game = await openGame(t)
  const { id, key } = await game.person('ada')
  assert.equal(await reasonFor(game, key), null)
  for (const none of [null, 7, '', 'abc', {}, ['a:b'], 'lks_abc']) {
    assert.equal(await reasonFor(game, none), 'invalidSessionKey', JSON.stringify(none))
  }
  for (const nobody of ['nobody:x', `nobody:${key.slice(key.indexOf(':') + 1)}`, ':', 'x:', ':x']) {
    assert.equal(await reasonFor(game, nobody), 'noSession', nobody)
  }
  const last = key.at(-1) === 'a' ? 'b' : 'a'
  for (const wrong of [`${id}:x`, `${id}:`, key.slice(0, -1) + last, `${id}:${'a'.repeat(68)}`]) {
    assert.equal(await reasonFor(game, wrong), 'noSession', wrong)
  }
})

test('a new login makes the old key mismatch', async (t) => {
  const game = await openGame(t)
  const { key } = await game.person('ada')
  const next = keyIn((await game.call('players.login', [['ada', 'secret']])).entries[0])
  assert.equal(await reasonFor(game, key), 'keyMismatch')
  assert.equal(await reasonFor(game, next), null)
})

test('a session lives its idle time from its last use', async (t) => {
  const game = await openGame(t)
  const { key } = await game.person('ada')
  for (let use = 0; use < 4; use++) {
    game.clock.advance(9 * MINUTE)
    assert.equal(await reasonFor(game, key), null)
  }
  game.clock.advance(10 * MINUTE)
  assert.equal(await reasonFor(game, key), 'noSession')
})

test('several sessions of one actor live where the profile says so', async (t) => {
  const game = await openGame(t, { settings: { 'profile.game.maxLive': 2 } })
  const { key } = await game.person('ada')
  await game.call('players.login', [['ada', 'secret']])
  assert.equal(await reasonFor(game, key), null)
  await game.call('players.login', [['ada', 'secret']])
  assert.equal(await reasonFor(game, key), 'keyMismatch')
})

test('logout ends the session; restore tells of a live one', async (t) => {
  const game = await openGame(t)
  const { id, key } = await game.person('ada')
  const restored = await game.call('session.restore', [{ sessionKey: key }])
  const data = { key, actorId: id, meta: { acl: ['user'] } }
  assert.deepEqual(restored.entries, [[null, null, [['session.set', data]]]])
  const who = await game.call('session.restore,players.whoami', [[key]])
  assert.deepEqual(who.entries[1], [null, { actorId: id, acl: ['user'] }])
  const out = await game.call('session.logout', [], { key })
  assert.deepEqual(out.entries, [[null, null, [['session.unset', 'loggedOut']]]])
  assert.equal(await reasonFor(game, key), 'noSession')
  assert.deepEqual((await game.call('session.restore', [{ sessionKey: key }])).entries, [
    ['invalidSession', null],
  ])
  assert.equal((await game.authority.authenticate(key)).ok, false)
})

test('one session, every door', async (t) => {
  const game = await openGame(t)
  const { id, key } = await game.person('ada')
  const { authority, registry } = game
  const pipeline = createPipeline({ authority, registry })
  const { fetch } = createHttpDoor({ authority, registry, pipeline })
  const headers = { authorization: `Bearer ${key}`, host: 'localhost' }
  const who = await fetch(new Request('http://localhost/v1/session', { headers }))
  assert.equal(((await who.json()) as { actor: { id: string } }).actor.id, id)
  const native = await authority.login({ identity: 'ada', password: 'secret' })
  assert.ok(native.ok)
  assert.deepEqual((await game.call('players.whoami', [], { key: native.token })).entries, [
    [null, { actorId: id, acl: ['user'] }],
  ])
  const [restored] = (await game.call('session.restore', [[native.token]])).entries
  assert.equal(await reasonFor(game, keyIn(restored)), null)
  const [current] = (await game.call('session.get', [{}], { key })).entries
  const { session } = (current?.[1] ?? {}) as { session?: { door: string } }
  assert.equal(session?.door, 'library')
  await authority.sessions.end({ owner: id })
  assert.equal(await reasonFor(game, key), 'noSession')
})

test('keys are long, of the alphabet, and all different', async (t) => {
  const game = await openGame(t)
  await game.call('players.register', [['ada', 'secret']])
  const keys = new Set<string>()
  for (let round = 0; round < 50; round++) {
    const key = keyIn((await game.call('players.login', [['ada', 'secret']])).entries[0])
    assert.match(key, /^[\da-f-]{36}:[0-9A-Za-z]{68}$/)
    keys.add(key.slice(-43))
  }
  assert.equal(keys.size, 50)
})

test('a session of another version of the application is no good', async (t) => {
  const clock = fakeClock()
  const engine = memoryEngine({ clock })
  const at = (version: string) => ({
    ...SEED_FILES,
    'package.json': JSON.stringify({ name: 'seed', version, type: 'commonjs' }),
  })
  const old = await openGame(t, { store: memory({ engine }), files: at('1.2.3') })
  await old.call('players.register', [['ada', 'secret']])
  const key = keyIn((await old.call('players.login', [['ada', 'secret']])).entries[0])
  for (const [version, reason] of [
    ['1.2.9', null],
    ['1.3.3', 'badVersion'],
    ['2.2.3', 'badVersion'],
    ['none', null],
  ] as const) {
    const next = await openGame(t, { store: memory({ engine }), files: at(version) })
    assert.equal(await reasonFor(next, key), reason, version)
  }
})

const SESSIONS = {
  'own.js': `const mage = require('mage'); exports.acl = ['*']
exports.execute = async (state, id, meta, language) => {
  const session = mage.session.register(state, id, language, meta)
  return [session.actorId, session.language, state.actorId, state.acl, state.session === session]
}`,
  'find.js': `const mage = require('mage'); exports.acl = ['*']
exports.execute = (state, id, callback) => mage.session.getActorSession(state, id, (error, session) => {
  if (error) return state.error(null, error, callback)
  state.respond(session === undefined ? 'none' : [session.actorId, session.meta, session.language, session.getFullKey(), session.version])
  callback()
})`,
  'put.js': `exports.acl = ['*']
exports.execute = async (state, key, value, failing) => {
  if (value === null) state.session.delData(state, key)
  else state.session.setData(state, key, value)
  if (failing) state.error('no')
  return [state.session.getData(key) ?? null]
}`,
  'get.js': `exports.acl = ['*']
exports.execute = async (state, key) => [state.session.getData(key) ?? null]`,
  'expire.js': `exports.acl = ['*']
exports.execute = async (state) => { state.session.expire(state) }`,
  'find2.js': `exports.acl = ['*']
exports.execute = (state, ids, callback) => state.findActors(ids, (error, found) => { state.respond(found); callback() })`,
}

test('an application registers sessions for users of its own', async (t) => {
  const game = await openGame(t, { files: withCommands(SESSIONS) })
  const params = ['my:user', { acl: ['user', 'gold'], clan: 7 }, 'nl']
  const [entry] = (await game.call('players.own', [params])).entries
  assert.deepEqual(entry?.[1], ['my:user', 'nl', 'my:user', ['user', 'gold'], true])
  const { key, ...told } = eventOf(entry, 'session.set') as { key: string }
  assert.deepEqual(told, { actorId: 'my:user', meta: { acl: ['user', 'gold'], clan: 7 } })
  const who = await game.call('players.whoami', [], { key })
  assert.deepEqual(who.entries, [[null, { actorId: 'my:user', acl: ['user', 'gold'] }]])
  const [found] = (await game.call('players.find', [['my:user']])).entries
  const meta = { acl: ['user', 'gold'], clan: 7 }
  assert.deepEqual(found?.[1], ['my:user', meta, 'nl', false, '1.2.3'])
  assert.deepEqual((await game.call('players.find', [['nobody']])).entries, [[null, 'none']])
  const [online] = (await game.call('players.find2', [[['my:user', 'x']]])).entries
  assert.deepEqual(online?.[1], { online: ['my:user'], offline: ['x'] })
})

test('a session registered for a user of the directory has no more rights than the user', async (t) => {
  const game = await openGame(t, { files: withCommands(SESSIONS) })
  const { id } = await game.person('ada', ['user'])
  const [entry] = (await game.call('players.own', [[id, { acl: ['admin', 'user'] }]])).entries
  assert.deepEqual((eventOf(entry, 'session.set') as { meta: unknown }).meta, { acl: ['user'] })
})

test('what is attached to a session is there at the next command, if the command succeeds', async (t) => {
  const game = await openGame(t, { files: withCommands(SESSIONS) })
  const { key } = await game.person('ada')
  const ask = async (name: string, ...params: unknown[]) =>
    (await game.call(`players.${name}`, [params], { key })).entries[0]
  assert.deepEqual(await ask('put', 'a', { b: 1 }), [null, [{ b: 1 }]])
  assert.deepEqual(await ask('put', '__proto__', 5), [null, [5]])
  assert.deepEqual(await ask('put', 'c', 1, true), ['no', null])
  assert.deepEqual(await ask('get', 'a'), [null, [{ b: 1 }]])
  assert.deepEqual(await ask('get', '__proto__'), [null, [5]])
  assert.deepEqual(await ask('get', 'c'), [null, [null]])
  assert.deepEqual(await ask('get', 'constructor'), [null, [null]])
  await ask('put', 'a', null)
  assert.deepEqual(await ask('get', 'a'), [null, [null]])
  assert.deepEqual(await ask('put', 'acl', ['admin']), ['server', null])
  assert.deepEqual(await ask('expire'), [null, null, [['session.unset', 'expired']]])
  assert.equal(await reasonFor(game, key), 'noSession')
})

test('what one node attaches, another sees', async (t) => {
  const engine = memoryEngine({ clock: fakeClock() })
  const files = withCommands(SESSIONS)
  const one = await openGame(t, { store: memory({ engine }), files })
  const two = await openGame(t, { store: memory({ engine }), files })
  const { key } = await one.person('ada')
  const get = async (game: Game) =>
    (await game.call('players.get', [['a']], { key })).entries[0]?.[1]
  for (const value of [1, 2, 3]) {
    await (value === 2 ? two : one).call('players.put', [['a', value]], { key })
    assert.deepEqual([await get(one), await get(two)], [[value], [value]])
  }
})

test('a login ends the session that it comes from', async (t) => {
  const game = await openGame(t, { files: withCommands(SESSIONS) })
  const { key } = await game.person('ada')
  const [entry] = (await game.call('players.own', [['other', { acl: [] }]], { key })).entries
  assert.equal(await reasonFor(game, key), 'noSession')
  assert.equal(await reasonFor(game, keyIn(entry)), null)
})

test('users that the application vouches for are not counted against their address; anonymous ones are', async (t) => {
  const files = withCommands({
    ...SESSIONS,
    'visit.js': `const mage = require('mage'); exports.acl = ['*']
exports.execute = async (state) => mage.auth.loginAnonymous(state).actorId`,
  })
  const game = await openGame(t, { files, settings: { 'throttle.createPerMinute': 2 } })
  for (const user of ['a', 'b', 'c', 'd']) {
    assert.equal((await game.call('players.own', [[user, { acl: [] }]])).entries[0]?.[0], null)
  }
  const codes: unknown[] = []
  for (let visit = 0; visit < 3; visit++) {
    codes.push((await game.call('players.visit')).entries[0]?.[0])
  }
  assert.deepEqual(codes, [null, null, 'throttled'])
})
