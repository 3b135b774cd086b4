import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  eventOf,
  type Game,
  keyIn,
  openGame,
  withCommands,
} from '../../../../test/support/mage-door.ts'
import { deriveArgon2 } from '../../../core/credential/password/argon2.ts'
import { memory } from '../../../stores/memory/index.ts'
import { fakeClock } from '../../../testing/fake-clock.ts'

const WRONG = [['invalidUsernameOrPassword', null]]

test('the snippets of the guide run as they stand', async (t) => {
  const game = await openGame(t)
  const login = { body: '[]\n{"username": "test","password": "secret"}\n' }
  const refused = await game.send('/game/players.login', login)
  assert.equal(refused.text, '[["invalidUsernameOrPassword",null]]')
  const registered = await game.call('players.register', [['test', 'secret']])
  const [[, id] = []] = registered.entries
  assert.match(String(id), /^[\da-f]{8}-[\da-f-]{27}$/)
  const { text, entries } = await game.send('/game/players.login', login)
  const key = keyIn(entries[0])
  assert.match(key, new RegExp(`^${id}:[0-9A-Za-z]{68}$`))
  const event = `["session.set",{"key":"${key}","actorId":"${id}","meta":{"acl":["user"]}}]`
  assert.equal(text, `[[null,null,[${event}]]]`)
  assert.deepEqual(game.logged.at(-1), ['debug', 'Logged in user:', id])
  assert.deepEqual((await game.call('players.changePassword', [['test', 'other']])).entries, [
    [null, null],
  ])
  assert.equal(
    (await game.call('players.changePassword', [['nobody', 'x']])).text,
    JSON.stringify(WRONG),
  )
  assert.deepEqual((await game.send('/game/players.login', login)).entries, WRONG)
  const who = await game.call('players.whoami', [], { key })
  assert.deepEqual(who.entries, [[null, { actorId: id, acl: ['user'] }]])
})

test('a name is registered once, however many ask at once', async (t) => {
  const game = await openGame(t)
  const tries = Array.from({ length: 8 }, () => game.call('players.register', [['one', 'secret']]))
  const answers = (await Promise.all(tries)).map(({ entries }) => entries[0]?.[0] ?? 'made')
  assert.deepEqual(answers.sort(), ['made', ...Array.from({ length: 7 }, () => 'userExists')])
})

test('a closed registration refuses a user, but not what an administrator registers', async (t) => {
  const game = await openGame(t)
  await game.authority.settings.set('registration', 'closed')
  const refused = await game.call('players.register', [['ada', 'secret']])
  assert.deepEqual(refused.entries, [['auth', null]])
  const boss = { name: 'boss', password: 'secret', roles: ['user', 'admin'], vouched: true }
  assert.ok((await game.authority.actors.register(boss)).ok)
  const key = keyIn((await game.call('players.login', [['boss', 'secret']])).entries[0])
  const made = await game.call('players.register', [['ada', 'secret']], { key })
  assert.equal(made.entries[0]?.[0], null)
})

test('credentials that are no text are wrong; a number is the name that it spells', async (t) => {
  const game = await openGame(t)
  const odd: unknown[] = [null, true, {}, [], ['a'], { toString: 1 }, Number.NaN]
  for (const value of odd) {
    for (const pair of [
      [value, 'secret'],
      ['odd', value],
    ]) {
      for (const command of ['login', 'register', 'changePassword']) {
        const { entries } = await game.call(`players.${command}`, [pair])
        assert.deepEqual(entries, WRONG, `${command} ${JSON.stringify(pair)}`)
      }
    }
  }
  assert.deepEqual((await game.call('players.login', [['x', 12]])).entries, WRONG)
  const infinite = await game.send('/game/players.register', { body: '[]\n[1e999,"secret"]' })
  assert.deepEqual(infinite.entries, WRONG)
  assert.equal((await game.call('players.register', [[42, 'secret']])).entries[0]?.[0], null)
  assert.equal((await game.call('players.login', [['42', 'secret']])).entries[0]?.[0], null)
  assert.equal((await game.call('players.login', [[42, 'secret']])).entries[0]?.[0], null)
})

const CLASSES = {
  'classes.js': `const mage = require('mage')
exports.acl = ['*']
exports.execute = async (state, what, username, password) => {
  try {
    const made = await mage.auth[what](state, username, password)
    return what === 'authenticate' ? made : typeof made
  } catch (error) {
    const names = ['UserNotFoundError', 'InvalidPasswordError', 'UserAlreadyExistsError', 'UserBannedError']
    return [error.code, ...names.filter((name) => error instanceof mage.auth[name]), error instanceof Error]
  }
}`,
}

test('errors have a class for the application and a code for the wire', async (t) => {
  const game = await openGame(t, { files: withCommands(CLASSES) })
  const ada = await game.person('ada', ['user', 'vip'])
  const ask = async (...params: unknown[]) => {
    const { entries } = await game.call('players.classes', [params])
    return entries[0]?.[1]
  }
  const code = 'invalidUsernameOrPassword'
  assert.deepEqual(await ask('authenticate', 'ada', 'secret'), {
    userId: ada.id,
    acl: ['user', 'vip'],
  })
  assert.deepEqual(await ask('authenticate', 'ada', 'no'), [code, 'InvalidPasswordError', true])
  assert.deepEqual(await ask('authenticate', 'eve', 'no'), [code, 'UserNotFoundError', true])
  assert.deepEqual(await ask('login', 'eve', 'no'), [code, 'UserNotFoundError', true])
  assert.deepEqual(await ask('login', 'ada', 'no'), [code, 'InvalidPasswordError', true])
  assert.deepEqual(await ask('register', 'ada', 'x'), [
    'userExists',
    'UserAlreadyExistsError',
    true,
  ])
  for (const what of ['changePassword', 'ban', 'unban']) {
    assert.deepEqual(await ask(what, 'eve', 'x'), [code, 'UserNotFoundError', true], what)
  }
  await ask('ban', 'ada')
  assert.deepEqual(await ask('login', 'ada', 'secret'), ['banned', 'UserBannedError', true])
  assert.deepEqual(await ask('login', 'ada', 'wrong'), [code, 'InvalidPasswordError', true])
  await ask('unban', 'ada')
  assert.equal(await ask('login', 'ada', 'secret'), 'object')
  const { items } = await game.authority.sessions.list({ owner: ada.id })
  assert.equal(items.length, 1, 'authenticate makes no session')
})

test('a ban ends live sessions, and the right password is told of it', async (t) => {
  const game = await openGame(t, {
    files: withCommands({
      'ban.js': `const mage = require('mage'); exports.acl = ['*']
exports.execute = (state, name, callback) => mage.auth.ban(state, name, callback)`,
    }),
  })
  const { key } = await game.person('ada')
  const reasons: string[] = []
  const check = await game.authority.authenticate(key)
  assert.ok(check.ok)
  const close = (reason: string) => reasons.push(reason)
  game.connections.open(check, { door: 'mage', send: () => undefined, close })
  assert.deepEqual((await game.call('players.ban', [['ada']])).entries, [[null, null]])
  assert.deepEqual(reasons, ['suspended'])
  const who = await game.call('players.whoami', [], { key })
  assert.deepEqual(who.entries, [['auth', null, [['session.unset', 'noSession']]]])
  assert.deepEqual((await game.call('players.login', [['ada', 'secret']])).entries, [
    ['banned', null],
  ])
  assert.deepEqual((await game.call('players.login', [['ada', 'wrong']])).entries, WRONG)
})

test('a callback receives the codes that MAGE passes as texts, and the errors that it has classes for', async (t) => {
  const game = await openGame(t, {
    files: withCommands({
      'back.js': `const mage = require('mage'); exports.acl = ['*']
exports.execute = (state, what, name, password, callback) => {
  mage.auth[what](state, name, password, (error) => {
    state.respond([error === 'banned', error instanceof Error && error.code])
    callback()
  })
}`,
    }),
  })
  const { id } = await game.person('ada')
  await game.authority.actors.suspend(id)
  const back = async (...params: unknown[]) =>
    (await game.call('players.back', [params])).entries[0]?.[1]
  for (const what of ['login', 'authenticate']) {
    assert.deepEqual(await back(what, 'ada', 'secret'), [true, false])
    assert.deepEqual(await back(what, 'ada', 'no'), [false, 'invalidUsernameOrPassword'])
    assert.deepEqual(await back(what, 'eve', 'no'), [false, 'invalidUsernameOrPassword'])
  }
})

const VISIT = {
  'visit.js': `const mage = require('mage'); exports.acl = ['*']
exports.execute = async (state, acl, userId) => {
  const session = mage.auth.loginAnonymous(state, { acl, userId })
  return [session.actorId, session.getFullKey(), state.acl]
}`,
  'visitBack.js': `const mage = require('mage'); exports.acl = ['*']
exports.execute = (state, callback) => mage.auth.loginAnonymous(state, { acl: ['user'] }, (error, session) => {
  if (error) return state.error(error.code, error, callback)
  state.respond(session.getFullKey())
  callback()
})`,
}

async function visit(game: Game, ...params: unknown[]) {
  const { entries } = await game.call('players.visit', [params])
  const [entry] = entries
  const { meta } = eventOf(entry, 'session.set') as { meta: { acl: string[] } }
  return { acl: meta.acl, key: keyIn(entry) }
}

test('an anonymous login gets what it asks for in development', async (t) => {
  const game = await openGame(t, { files: withCommands(VISIT) })
  for (const acl of [['user'], ['admin', 'user'], ['*'], []]) {
    const made = await visit(game, acl, 'some:one')
    assert.deepEqual(made.acl, acl)
    assert.match(made.key, /^some:one:[0-9A-Za-z]{68}$/)
    const who = await game.call('players.whoami', [], { key: made.key })
    assert.equal(who.entries[0]?.[0], acl.length === 0 ? 'auth' : null)
  }
  const back = (await game.call('players.visitBack')).entries[0]
  assert.equal(back?.[1], keyIn(back))
})

test('rights given to an anonymous session never open administration', async (t) => {
  const game = await openGame(t, { files: withCommands(VISIT) })
  for (const acl of [['admin'], ['*']]) {
    const { key } = await visit(game, acl)
    assert.deepEqual((await game.call('admin.actors.search', [{}], { key })).entries, [
      ['auth', null],
    ])
  }
})

test('in production the same login is only anonymous', async (t) => {
  const game = await openGame(t, { files: withCommands(VISIT), development: false })
  for (const acl of [['user'], ['admin', '*'], ['*'], null]) {
    const made = await visit(game, acl)
    assert.deepEqual(made.acl, ['anonymous'])
    const who = await game.call('players.whoami', [], { key: made.key })
    assert.deepEqual(who.entries, [['auth', null]])
  }
})

test('a client does not become a user by claiming to be one', async (t) => {
  const game = await openGame(t, { files: withCommands(VISIT) })
  const { id, key } = await game.person('ada')
  assert.deepEqual((await game.call('players.visit', [[[], id]])).entries, [['userExists', null]])
  assert.ok((await game.authority.authenticate(key)).ok, 'her session stays')
})

test('a password change keeps the sessions, unless the door is set otherwise', async (t) => {
  for (const [sessions, live] of [
    [undefined, true],
    ['keep', true],
    ['revoke-all', false],
  ] as const) {
    const game = await openGame(
      t,
      sessions === undefined ? {} : { sessionsAtPasswordChange: sessions },
    )
    const { key } = await game.person('ada')
    await game.call('players.changePassword', [['ada', 'next']])
    assert.equal((await game.authority.authenticate(key)).ok, live, String(sessions))
    assert.equal((await game.call('players.login', [['ada', 'next']])).entries[0]?.[0], null)
  }
})

test('a store that fails is an error, and what was begun is not announced', async (t) => {
  const clock = fakeClock()
  const store = memory({ clock })
  const broken = { ...store, directory: { ...store.directory, create: async () => fail() } }
  const game = await openGame(t, { store: broken })
  assert.deepEqual((await game.call('players.register', [['ada', 'secret']])).entries, [
    ['unavailable', null],
  ])
  assert.equal(await game.authority.actors.findByIdentity('ada'), null)
})

test('a session whose facts cannot be kept is taken back', async (t) => {
  const store = memory({ clock: fakeClock() })
  const broken = { ...store, data: { ...store.data, save: async () => fail() } }
  const game = await openGame(t, { store: broken })
  const registered = await game.authority.actors.register({ name: 'ada', password: 'secret' })
  assert.ok(registered.ok)
  const { entries } = await game.call('players.login', [['ada', 'secret']])
  assert.deepEqual(entries, [['unavailable', null]])
  assert.equal(await game.authority.sessions.count(), 0)
})

function fail(): never {
  throw new Error('disk on fire')
}

test('a login whose command fails leaves no session', async (t) => {
  const game = await openGame(t, {
    files: withCommands({
      'regret.js': `const mage = require('mage'); exports.acl = ['*']
exports.execute = async (state, anonymous) => {
  if (anonymous) mage.auth.loginAnonymous(state, { acl: ['user'] })
  else await mage.auth.login(state, 'ada', 'secret')
  throw Object.assign(new Error(), { code: 'regret' })
}`,
      'late.js': `const mage = require('mage'); exports.acl = ['*']; exports.timeout = 1
exports.execute = async (state) => { await new Promise((go) => setTimeout(go, 20)); await mage.auth.login(state, 'ada', 'secret') }`,
    }),
  })
  const registered = await game.authority.actors.register({ name: 'ada', password: 'secret' })
  assert.ok(registered.ok)
  for (const anonymous of [true, false]) {
    assert.deepEqual((await game.call('players.regret', [[anonymous]])).entries, [['regret', null]])
    assert.equal(await game.authority.sessions.count(), 0)
  }
  assert.deepEqual((await game.call('players.late')).entries, [['timeout', null]])
  await new Promise((go) => setTimeout(go, 60))
  assert.equal(await game.authority.sessions.count(), 0)
})

test('known and unknown users cost the same work', async (t) => {
  let hashes = 0
  const derive: typeof deriveArgon2 = (request) => {
    hashes++
    return deriveArgon2(request)
  }
  const game = await openGame(t, { derive })
  await game.person('ada')
  for (const name of ['ada', 'eve']) {
    hashes = 0
    assert.deepEqual((await game.call('players.login', [[name, 'wrong']])).entries, WRONG)
    assert.equal(hashes, 1, name)
  }
})
