import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Game, openGame, withCommands } from '../../../../test/support/mage-door.ts'
import { until } from '../../../../test/support/until.ts'
import { State } from './state.ts'

const COMMANDS = {
  'run.js': `const mage = require('mage')
exports.acl = ['*']
exports.execute = async (state, source) => new Function('state', 'mage', 'return (async () => {' + source + '})()')(state, mage)`,
  'back.js': `exports.acl = ['*']
exports.execute = (state, source, callback) => { new Function('state', 'callback', source)(state, callback) }`,
  'json.js': `exports.acl = ['*']; exports.serialize = false
exports.execute = async (state, text) => text`,
}

async function open(t: Parameters<typeof openGame>[0]) {
  const game = await openGame(t, { files: withCommands(COMMANDS) })
  const ada = await game.person('ada')
  const run = async (source: string, command = 'run') => {
    const { text } = await game.call(`players.${command}`, [[source]], { key: ada.key })
    return text.slice(1, -1)
  }
  return { game, ada, run }
}

/** What arrives at the streams of an actor. */
async function listen(game: Game, key: string): Promise<unknown[]> {
  const check = await game.authority.authenticate(key)
  assert.ok(check.ok)
  const heard: unknown[] = []
  game.connections.open(check, {
    door: 'mage',
    send: ({ name, data }) => void heard.push(data === undefined ? [name] : [name, data]),
    close: () => undefined,
  })
  return heard
}

test('events to oneself come with the answer, in order', async (t) => {
  const { run, ada } = await open(t)
  for (const self of ['null', 'undefined', 'true', `'${ada.id}'`, `['${ada.id}']`]) {
    assert.equal(
      await run(`state.emit(${self}, 'a.b', { x: 1 })`),
      '[null,null,[["a.b",{"x":1}]]]',
      self,
    )
  }
  assert.equal(
    await run(`state.emit([null, '${ada.id}'], 'twice')`),
    '[null,null,[["twice"],["twice"]]]',
  )
  assert.equal(await run(`state.emit([], 'none')`), '[null,null]')
  assert.equal(
    await run(`state.emit(null, 'a', null); state.emit(null, 'b', '{"c": 1}', { isJson: true })`),
    '[null,null,[["a",null],["b",{"c":1}]]]',
  )
  assert.equal(await run(`state.emit(null, 'quo"te', 1)`), '[null,null,[["quo\\"te",1]]]')
})

test('on an error only what is marked always leaves', async (t) => {
  const { run, game, ada } = await open(t)
  const bob = await game.person('bob')
  const [mine, others] = [await listen(game, ada.key), await listen(game, bob.key)]
  const answer = await run(`
    state.respond('dropped')
    state.emit(null, 'lost'); state.emit(null, 'kept', 1, { alwaysEmit: true })
    state.emit('${bob.id}', 'lost'); state.emit('${bob.id}', 'kept', 2, { alwaysEmit: true })
    state.broadcast('lost'); state.broadcast('kept', 3, { alwaysEmit: true })
    state.error('why')`)
  assert.equal(answer, '["why",null,[["kept",1]]]')
  await until(() => others.length === 2 && mine.length === 1)
  assert.deepEqual(others.toSorted(), [
    ['kept', 2],
    ['kept', 3],
  ])
  assert.deepEqual(mine, [['kept', 3]])
})

test('events to others and to all go through their streams, and wait where none is open', async (t) => {
  const { run, game, ada } = await open(t)
  const [bob, eve] = [await game.person('bob'), await game.person('eve')]
  const [mine, bobs] = [await listen(game, ada.key), await listen(game, bob.key)]
  const answer = await run(`const data = { n: 1 }
    state.emit(['${bob.id}', '${eve.id}', '${bob.id}', 'nobody'], 'hi', data); data.n = 2
    state.broadcast('all', '[1]', { isJson: true })`)
  assert.equal(answer, '[null,null]')
  await until(() => mine.length === 1 && bobs.length === 2)
  assert.deepEqual(mine, [['all', [1]]], 'the sender is told too')
  assert.deepEqual(bobs.toSorted(), [
    ['all', [1]],
    ['hi', { n: 1 }],
  ])
  const waiting = await listen(game, eve.key)
  await until(() => waiting.length === 1)
  assert.deepEqual(waiting, [['hi', { n: 1 }]])
})

test('errors become codes', async (t) => {
  const { run } = await open(t)
  const cases: [string, string][] = [
    [`state.error('no')`, 'no'],
    ['state.error(42)', '42'],
    ['state.error(null)', 'server'],
    ['state.error({ code: 1 })', 'server'],
    [`state.error(new Error('the message'))`, 'the message'],
    [`state.error(Object.assign(new Error('x'), { code: 'coded' }))`, 'coded'],
    [`throw new Error('boom')`, 'boom'],
    [`throw Object.assign(new Error('x'), { code: 'E_X' })`, 'E_X'],
    ['state.nothing.at.all', 'server'],
    [`throw 'text'`, 'text'],
    ['throw null', 'server'],
    [`state.emit(null, 'x', 1n)`, 'server'],
    ['state.respond({ toJSON() { throw new Error("in it") } })', 'server'],
    [`state.respond('{', true)`, 'server'],
    [`for (let i = 0; i < 20000; i++) state.emit(null, 'x')`, 'server'],
  ]
  for (const [source, code] of cases) {
    assert.equal(await run(source), JSON.stringify([code, null]), source)
  }
})

test('a command that calls back: errors, throws, twice', async (t) => {
  const { run } = await open(t)
  const cases: [string, string][] = [
    ['state.respond(1); callback()', '[null,1]'],
    ['state.respond(1); callback(null, 2)', '[null,1]'],
    ['callback(); callback(new Error("late")); state.emit(null, "late")', '[null,null]'],
    ['state.error("no", null, callback)', '["no",null]'],
    ['state.error("first"); callback(new Error("second"))', '["first",null]'],
    ['callback(new Error("boom"))', '["boom",null]'],
    ['callback("code")', '["code",null]'],
    ['throw new Error("now")', '["now",null]'],
  ]
  for (const [source, answer] of cases) assert.equal(await run(source, 'back'), answer, source)
})

test('an answer may be JSON already', async (t) => {
  const { run } = await open(t)
  assert.equal(await run('{"a": [1]}', 'json'), '[null,{"a": [1]}]')
  assert.equal(await run('{"a"', 'json'), '["server",null]')
})

test('who may what', async (t) => {
  const { run } = await open(t)
  assert.equal(
    await run(
      `return [['user'], ['*'], [], null, 'user', ['x', 'user'], ['x']].map((acl) => state.canAccess(acl))`,
    ),
    '[null,[true,true,false,false,false,true,false]]',
  )
  assert.equal(
    await run(
      `state.unregisterSession(); return [state.actorId ?? null, state.acl, state.canAccess(['user'])]`,
    ),
    '[null,[null,[],false]]',
  )
})

test('a session with the tag of the banned may nothing', async (t) => {
  const game = await openGame(t)
  const { key } = await game.person('ada', ['banned', '*'])
  assert.deepEqual((await game.call('players.noop', [], { key })).entries, [['banned', null]])
})

test('everything is for development only', async (t) => {
  for (const development of [true, false]) {
    const game = await openGame(t, { development })
    const { key } = await game.person('ada', ['*'])
    const { entries } = await game.call('players.nobody', [], { key })
    assert.deepEqual(entries, [[development ? null : 'auth', null]])
  }
})

test('an application makes states of its own', async (t) => {
  const { run, game, ada } = await open(t)
  const heard = await listen(game, ada.key)
  const answer = await run(`const own = new mage.core.State('someone')
    own.emit('${ada.id}', 'job'); own.emit(null, 'mine', 1)
    const { error, response, events } = await own.close()
    own.emit('${ada.id}', 'after')
    return [own.actorId, error, response, events]`)
  assert.equal(answer, '[null,["someone",null,null,["[\\"mine\\",1]"]]]')
  await run(`state.emit(null, 'now'); await state.distributeEvents()`)
  await until(() => heard.length === 2)
  assert.deepEqual(heard, [['job'], ['now']])
})

test('a callback that throws fails its command and nothing else', async (t) => {
  const game = await openGame(t, {
    files: withCommands({
      'throwing.js': `const mage = require('mage'); exports.acl = ['*']
exports.execute = (state, callback) => mage.auth.login(state, 'a', 'b', () => { throw new Error('boom') })`,
      'forgotten.js': `const mage = require('mage'); exports.acl = ['*']
exports.execute = async (state) => { mage.auth.login(state, 'a', 'b'); mage.auth.changePassword(state, 'a', 'b') }`,
    }),
  })
  assert.deepEqual((await game.call('players.throwing')).entries, [['boom', null]])
  assert.deepEqual((await game.call('players.forgotten')).entries, [[null, null]])
  assert.deepEqual((await game.call('players.noop')).entries, [[null, null]])
})

test('an event to very many is addressed to each once, in no time', async (t) => {
  const game = await openGame(t)
  const state = new State(game.door.services, 'me')
  const ids = Array.from({ length: 9_000 }, (_, at) => `actor-${at}`)
  const began = performance.now()
  state.emit(Array.from({ length: 20 }, () => ids).flat(), 'hello')
  assert.ok(performance.now() - began < 1_000)
  assert.throws(() => state.emit(ids, 'hello'), RangeError)
})
