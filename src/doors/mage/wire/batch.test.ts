import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  eventOf,
  type Game,
  keyIn,
  openGame,
  withCommands,
} from '../../../../test/support/mage-door.ts'
import { memory } from '../../../stores/memory/index.ts'
import { fakeClock } from '../../../testing/fake-clock.ts'

const COUNTING = withCommands({
  'count.js': `let count = 0; exports.acl = ['*']; exports.execute = async () => ++count`,
  'fresh.js': `let count = 0; exports.acl = ['*']; exports.cache = false; exports.execute = async () => ++count`,
  'slow.js': `let count = 0; exports.acl = ['*']
exports.execute = async () => { await new Promise((go) => setTimeout(go, 30)); return ++count }`,
  'fails.js': `let count = 0; exports.acl = ['*']; exports.execute = async () => { throw Object.assign(new Error(), { code: 'no' + ++count }) }`,
})

function asker(game: Game, key: string) {
  return async (names: string, queryId: string, params: readonly unknown[] = []) => {
    const { entries, status } = await game.call(names, params, { key, queryId })
    return status === 200 ? entries.map(([error, value]) => error ?? value) : status
  }
}

test('a batch that logs in sees the login, and one that logs out the logout', async (t) => {
  const game = await openGame(t)
  const { id } = await game.person('ada')
  const names = 'players.whoami,players.login,players.whoami,session.logout,players.whoami'
  const { entries } = await game.call(names, [{}, ['ada', 'secret']])
  const user = { actorId: id, acl: ['user'] }
  assert.deepEqual(
    entries.map(([error, value]) => error ?? value),
    ['auth', null, user, null, 'auth'],
  )
  assert.equal((await game.authority.authenticate(keyIn(entries[1]))).ok, false)
})

test('a session that ends while a batch runs is over for its next command', async (t) => {
  const game = await openGame(t, {
    files: withCommands({
      'ban.js': `const mage = require('mage'); exports.acl = ['*']
exports.execute = (state, name, callback) => mage.auth.ban(state, name, callback)`,
    }),
  })
  const { key } = await game.person('ada')
  const { entries } = await game.call('players.ban,players.whoami', [['ada']], { key })
  assert.deepEqual(entries, [
    [null, null],
    ['auth', null, [['session.unset', 'noSession']]],
  ])
})

test('what the header has to say is told once, first', async (t) => {
  const game = await openGame(t)
  const { entries } = await game.call('players.noop,players.noop', [], { key: 'a:b' })
  assert.deepEqual(entries, [
    [null, null, [['session.unset', 'noSession']]],
    [null, null],
  ])
})

test('a retry is answered from the cache every time', async (t) => {
  const game = await openGame(t, { files: COUNTING })
  const ask = asker(game, (await game.person('ada')).key)
  for (let retry = 0; retry < 6; retry++) {
    assert.deepEqual(await ask('players.count,players.fails', 'q1'), [1, 'no1'])
  }
  assert.deepEqual(await ask('players.count', 'q2'), [2])
  assert.deepEqual(await ask('players.count', 'q2'), [2])
  assert.deepEqual(
    await ask('players.count,players.fails', 'q1'),
    [3, 'no2'],
    'only the last is kept',
  )
})

test('of a retried batch only commands that say so run again', async (t) => {
  const game = await openGame(t, { files: COUNTING })
  const ask = asker(game, (await game.person('ada')).key)
  for (let retry = 1; retry < 5; retry++) {
    assert.deepEqual(await ask('players.fresh,players.count', 'q'), [retry, 1])
  }
})

test('a retry is bound to its commands, its session and its id', async (t) => {
  const game = await openGame(t, { files: COUNTING })
  const ada = asker(game, (await game.person('ada')).key)
  const bob = asker(game, (await game.person('bob')).key)
  assert.deepEqual(await ada('players.count', 'q'), [1])
  assert.deepEqual(await bob('players.count', 'q'), [2])
  assert.deepEqual(await ada('players.count,players.count', 'q'), [3, 4])
  assert.deepEqual(await ada('players.count,players.count', 'q'), [3, 4])
  assert.deepEqual(await bob('players.count', 'q'), [2])
  const none = async () => (await game.call('players.count', [], { queryId: 'q' })).entries[0]?.[1]
  assert.deepEqual([await none(), await none()], [5, 6], 'without a session nothing is kept')
})

test('a retry that comes while the first try runs waits for it', async (t) => {
  const game = await openGame(t, { files: COUNTING })
  const ask = asker(game, (await game.person('ada')).key)
  const answers = await Promise.all([1, 2, 3].map(() => ask('players.slow', 'q')))
  assert.deepEqual(answers, [[1], [1], [1]])
})

test('a try that came to nothing is not kept', async (t) => {
  const game = await openGame(t, { files: COUNTING })
  const ask = asker(game, (await game.person('ada')).key)
  const names = 'players.count,players.echo'
  assert.equal(await ask(names, 'q', [null, [1, 2, 3]]), 500)
  assert.deepEqual(await ask(names, 'q'), [2, {}])
})

test('answers are kept for as long as is configured, and not without end', async (t) => {
  const game = await openGame(t, {
    files: COUNTING,
    config: { apps: { game: { responseCache: 30 } } },
  })
  const ask = asker(game, (await game.person('ada')).key)
  await ask('players.count', 'q')
  game.clock.advance(29_999)
  assert.deepEqual(await ask('players.count', 'q'), [1])
  game.clock.advance(1)
  assert.deepEqual(await ask('players.count', 'q'), [2])
  const off = await openGame(t, { files: COUNTING, responseCacheSeconds: 0.5 })
  const again = asker(off, (await off.person('ada')).key)
  assert.notDeepEqual(await again('players.count', 'q'), await again('players.count', 'q'))
  const small = await openGame(t, { files: COUNTING, limits: { cachedSessions: 1 } })
  const ada = asker(small, (await small.person('ada')).key)
  const bob = asker(small, (await small.person('bob')).key)
  const [first, , second] = [
    await ada('players.count', 'q'),
    await bob('players.count', 'q'),
    await ada('players.count', 'q'),
  ]
  assert.notDeepEqual(first, second)
})

test('a store that is gone is a failure, not a missing session', async (t) => {
  const store = memory({ clock: fakeClock() })
  let gone = false
  const load: typeof store.sessions.load = async (id) => {
    if (gone) throw new Error('gone')
    return store.sessions.load(id)
  }
  const game = await openGame(t, { store: { ...store, sessions: { ...store.sessions, load } } })
  const { id, key } = await game.person('ada')
  gone = true
  assert.equal(
    (await game.call('players.noop', [], { key: `${id}:${'a'.repeat(68)}` })).status,
    500,
  )
  assert.equal((await game.call('players.noop', [], { key })).status, 500)
  gone = false
  assert.deepEqual((await game.call('players.noop', [], { key })).entries, [[null, null]])
})

test('hooks read their own entries of the header', async (t) => {
  const game = await openGame(t, {
    files: {
      ...COUNTING,
      'lib/index.js': `const mage = require('latchkey/mage')
mage.core.cmd.registerMessageHook('my.tag', false, (state, data, batch, callback) => {
  if (data.fail) return callback(new Error('no'))
  state.emit(null, 'tagged', [data.value, batch.commandNames])
  callback()
})
mage.core.cmd.registerMessageHook('my.always', true, (state, data, batch, cb) => { state.emit(null, 'always', data); cb() })
`,
    },
  })
  const header = [{ name: 'my.tag', value: 5 }]
  const [first, second] = (await game.call('players.noop,players.noop', [], { header })).entries
  assert.deepEqual(eventOf(first, 'tagged'), [5, ['players.noop', 'players.noop']])
  assert.deepEqual(eventOf(first, 'always'), { name: 'my.always' })
  assert.equal(second?.[2], undefined)
  const failing = await game.call('players.noop', [], { header: [{ name: 'my.tag', fail: true }] })
  assert.equal(failing.status, 500)
})

test('a hook that fails in its own way fails its batch and nothing else', async (t) => {
  const faults: unknown[] = []
  const onFault = (error: unknown) => void faults.push(error)
  process.on('unhandledRejection', onFault)
  t.after(() => process.off('unhandledRejection', onFault))
  const game = await openGame(t, {
    limits: { commandMs: 50 },
    files: {
      ...COUNTING,
      'lib/index.js': `const mage = require('latchkey/mage')
const hook = (name, fn) => mage.core.cmd.registerMessageHook(name, false, fn)
hook('rejects', async (state, data, batch, callback) => { throw new Error('no') })
hook('throws', (state, data, batch, callback) => { callback(new Error('no')); throw new Error('again') })
hook('silent', (state, data, batch, callback) => {})
`,
    },
  })
  for (const name of ['rejects', 'throws', 'silent']) {
    assert.equal((await game.call('players.noop', [], { header: [{ name }] })).status, 500, name)
  }
  assert.equal((await game.call('players.noop')).status, 200)
  await new Promise((go) => setImmediate(go))
  assert.deepEqual(faults, [])
})
