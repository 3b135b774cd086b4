import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  openGame,
  SEED_FILES,
  withCommands,
  writeFiles,
} from '../../../../test/support/mage-door.ts'
import mage from '../module/index.ts'
import { findApplication } from './module-files.ts'

const EVERY_KIND = {
  'package.json': '{ "name": "kinds", "version": "3.1.4" }',
  'lib/index.mjs': `import mage from 'latchkey/mage'
mage.useModules('session', ['auth']).useApplicationModules()
mage.boot(() => {})`,
  'lib/modules/cjs/index.cjs': `const mage = require('latchkey/mage')
const same = require('mage') === mage
exports.who = () => [same, mage.rootPackage.name, mage.isDevelopmentMode(), mage.listModules()]`,
  'lib/modules/cjs/usercommands/who.cjs': `const mage = require('mage')
exports.acl = ['*']
exports.execute = async function (state) { return mage.cjs.who() }`,
  'lib/modules/esm/index.mjs': `import mage from 'mage'
export function greet(name) { return [name, typeof mage.cjs.who, mage.getModulePath('esm') !== undefined] }`,
  'lib/modules/esm/usercommands/named.mjs': `import mage from 'latchkey/mage'
export const acl = ['*']
export async function execute(state, name) { return mage.esm.greet(name) }`,
  'lib/modules/esm/usercommands/byDefault.mjs': `export default { acl: ['*'], execute: (state, a, cb) => { state.respond(a); cb() } }`,
  'lib/modules/esm/usercommands/transpiled.cjs': `Object.defineProperty(exports, '__esModule', { value: true })
exports.default = { acl: ['*'], execute: async (state, a) => a }`,
  'lib/modules/esm/usercommands/folder/index.cjs': `exports.acl = ['*']; exports.execute = async (state) => 'folder'`,
  'lib/modules/esm/usercommands/readme.md': 'no code',
  'lib/modules/esm/usercommands/types.d.ts': 'export {}',
  'lib/modules/ts/index.mts': `import mage from 'latchkey/mage'
export const sum = (a: number, b: number): number => (mage.isDevelopmentMode() ? a + b : 0)`,
  'lib/modules/ts/usercommands/sum.mts': `import mage from 'latchkey/mage'
export const acl: string[] = ['*']
export const execute = async (_state: unknown, a: number, b: number = 2): Promise<unknown> => mage.ts.sum(a, b)`,
  'lib/modules/ts/usercommands/both.cts': `exports.acl = ['*']; exports.execute = async (state: object): Promise<string> => 'source'`,
  'lib/modules/ts/usercommands/both.js': `exports.acl = ['*']; exports.execute = async (state) => 'compiled'`,
  'lib/modules/dyn/index.cjs': `module.exports = new (class { who() { return 'dynamic' } })()`,
  'lib/modules/dyn/usercommands/who.cjs': `const mage = require('mage')
exports.acl = ['*']; exports.execute = async (state) => mage.dyn.who()`,
  'lib/modules/onlycommands/usercommands/x.js': `exports.acl = ['*']; exports.execute = async (state) => 'x'`,
  'lib/modules/.hidden/usercommands/x.js': 'syntax error (',
}

test('modules and commands of every kind are loaded', async (t) => {
  const game = await openGame(t, { files: EVERY_KIND })
  const ask = async (name: string, ...params: unknown[]) => {
    const { entries } = await game.call(name, [params])
    return entries[0]?.[0] ?? entries[0]?.[1]
  }
  const modules = ['cjs', 'dyn', 'esm', 'onlycommands', 'ts']
  assert.deepEqual(await ask('cjs.who'), [true, 'kinds', true, modules])
  assert.deepEqual(await ask('esm.named', 'x'), ['x', 'function', true])
  assert.deepEqual(await ask('esm.byDefault', [1]), [1])
  assert.deepEqual(await ask('esm.transpiled', 5), 5)
  assert.deepEqual(await ask('dyn.who'), 'dynamic')
  assert.deepEqual(await ask('esm.folder'), 'folder')
  assert.deepEqual(await ask('ts.sum', 40), 42)
  assert.deepEqual(await ask('ts.both'), 'compiled')
  assert.deepEqual(await ask('onlycommands.x'), 'x')
  for (const none of ['esm.readme', 'esm.types', 'esm.types.d', '.hidden.x']) {
    assert.equal(await ask(none), 'server', none)
  }
})

test('two applications in one process have a mage each', async (t) => {
  const files = (name: string) => ({
    ...SEED_FILES,
    'package.json': JSON.stringify({ name, version: '1.0.0', type: 'commonjs' }),
    'lib/modules/players/usercommands/name.js': `const mage = require('latchkey/mage')
exports.acl = ['*']; exports.execute = async (state) => mage.rootPackage.name`,
  })
  const [one, two] = [
    await openGame(t, { files: files('one') }),
    await openGame(t, { files: files('two') }),
  ]
  assert.equal((await one.call('players.name')).entries[0]?.[1], 'one')
  assert.equal((await two.call('players.name')).entries[0]?.[1], 'two')
  const login = await one.call('players.register,players.login', [
    ['a', 'b'],
    ['a', 'b'],
  ])
  assert.equal(login.entries[1]?.[0], null)
  assert.equal(await two.authority.actors.findByIdentity('a'), null, 'each on its own house')
})

test('one application can be opened again on another authority', async (t) => {
  const files = withCommands({
    'dev.js': `exports.acl = ['*']; exports.execute = async (state) => mage.isDevelopmentMode()`,
  })
  const one = await openGame(t, { files })
  const two = await openGame(t, { modules: join(one.folder, 'lib/modules') })
  await two.call('players.register', [['ada', 'x']])
  assert.equal(await one.authority.actors.findByIdentity('ada'), null)
  assert.notEqual(await two.authority.actors.findByIdentity('ada'), null)
  await one.call('players.register', [['bob', 'x']])
  assert.notEqual(await one.authority.actors.findByIdentity('bob'), null)
  await one.door.close()
  assert.equal((await two.call('players.dev')).entries[0]?.[1], true, 'the other goes on')
})

test('modules set themselves up and put away what they have', async (t) => {
  const done: string[] = []
  Object.assign(globalThis, { mageTestDone: done })
  t.after(() => Reflect.deleteProperty(globalThis, 'mageTestDone'))
  const game = await openGame(t, {
    files: {
      ...SEED_FILES,
      'lib/modules/a/index.js': `exports.setup = (state, callback) => setTimeout(() => { mageTestDone.push('a up'); callback() }, 5)
exports.teardown = async (state) => { mageTestDone.push('a down') }`,
      'lib/modules/b/index.js': `exports.setup = async (state) => { mageTestDone.push('b up') }`,
    },
  })
  assert.deepEqual(done, ['a up', 'b up'])
  await game.door.close()
  await game.door.close()
  assert.deepEqual(done, ['a up', 'b up', 'a down'])
})

test('what cannot be loaded is named', async (t) => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ 'lib/modules/bad/index.js': 'syntax error (' }, /bad.index\.js cannot be loaded/],
    [
      { 'lib/modules/bad/usercommands/x.js': 'throw new Error("oh")' },
      /x\.js cannot be loaded: oh/,
    ],
    [
      { 'lib/modules/bad/usercommands/x.js': 'exports.acl = []' },
      /bad\.x does not export a function/,
    ],
    [{ 'lib/modules/auth/index.js': '' }, /cannot be named “auth”/],
    [{ 'lib/modules/constructor/index.js': '' }, /cannot be named “constructor”/],
    [{ 'lib/index.js': `mage.useModules(['nonsense'])` }, /There is no module “nonsense”/],
    [{ 'lib/modules/bad/index.js': 'exports.setup = (s, cb) => cb(new Error("no"))' }, /no/],
    [{ 'lib/modules/bad/index.js': 'exports.setup = async (s) => s.error("why")' }, /setup: why/],
  ]
  for (const [files, message] of cases) {
    await assert.rejects(openGame(t, { files: { ...SEED_FILES, ...files } }), message)
  }
  await assert.rejects(openGame(t, { modules: '/nowhere' }), /folder of modules .* does not exist/)
  for (const app of ['v1', 'schema', 'a/b', '']) {
    await assert.rejects(openGame(t, { app }), /cannot be named/)
  }
})

test('an application is looked for in its own folder', (t) => {
  const folder = writeFiles(t, { 'deep/er/lib/modules/x/index.js': '' })
  assert.equal(
    findApplication(join(folder, 'deep/er/lib/modules')).root,
    join(folder, 'deep/er/lib'),
  )
})

test('a mage with no application behind it says so', () => {
  assert.throws(() => mage.isDevelopmentMode(), { code: 'unavailable' })
  mage.core.logger.context('x').error.data(1).log('nobody hears it')
  assert.equal(new mage.auth.UserNotFoundError().code, 'invalidUsernameOrPassword')
})
