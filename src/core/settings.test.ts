import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tapStore } from '../../test/support/authority.ts'
import { memory, memoryEngine } from '../stores/memory/index.ts'
import { fakeClock } from '../testing/fake-clock.ts'
import { PROFILES } from './session/profile.ts'
import { isSettingName, SETTINGS, type Settings, SettingsTable } from './settings.ts'

async function openTable(initial: Partial<Settings> = {}) {
  const clock = fakeClock()
  const engine = memoryEngine({ clock })
  const tap = tapStore(memory({ engine }))
  const open = async (values: Partial<Settings> = initial) => {
    const table = new SettingsTable(tap.store.documents, clock, values)
    await table.load()
    return table
  }
  return { table: await open(), open, tap, clock }
}

test('without a change every setting and every profile has its default', async () => {
  const { table } = await openTable()
  assert.equal(table.get('renewal.graceMs'), 30_000)
  for (const { name, value, default: usual, changed } of table.list()) {
    assert.deepEqual([value, changed], [usual, false], name)
  }
  for (const [name, profile] of Object.entries(PROFILES)) {
    assert.deepEqual(table.profile(name), profile)
  }
})

test("every default is accepted by the setting's own check", () => {
  for (const [name, { value, check }] of SETTINGS) {
    assert.equal(check.accepts(value), true, name)
  }
})

test('a change counts at once, is stored, and is undone with undefined', async () => {
  const { table, open } = await openTable()
  await table.set('throttle.identityFree', 9)
  assert.equal(table.get('throttle.identityFree'), 9)
  const later = await open()
  assert.equal(later.get('throttle.identityFree'), 9)
  assert.equal(later.list().find(({ changed }) => changed)?.name, 'throttle.identityFree')
  await later.set('throttle.identityFree', undefined)
  assert.equal(later.get('throttle.identityFree'), 5)
  assert.equal((await open()).get('throttle.identityFree'), 5)
})

test('an initial value overrides the default, and a stored change overrides both', async () => {
  const { table } = await openTable({ 'password.minLength': 12 })
  assert.equal(table.get('password.minLength'), 12)
  await table.set('password.minLength', 20)
  assert.equal(table.get('password.minLength'), 20)
  await table.set('password.minLength', undefined)
  assert.equal(table.get('password.minLength'), 12)
})

test('an initial null is a value, not a missing one', async () => {
  const { table } = await openTable({ 'profile.web.idleMs': null })
  assert.equal(table.get('profile.web.idleMs'), null)
  assert.equal(table.profile('web')?.idleMs, null)
})

for (const [name, value] of [
  ['throttle.identityFree', 0],
  ['throttle.identityFree', 1.5],
  ['throttle.identityFree', '5'],
  ['renewal.graceMs', -1],
  ['profile.web.absoluteMs', null],
  ['profile.web.maxLive', 0],
  ['profile.web.onLimit', 'evict'],
  ['password.blocklist', 'yes'],
  ['password.contextWords', ['']],
  ['require_tokens_to_persist_ip', 't'],
  ['persist_ip.prefixV4', 7],
  ['persist_ip.prefixV4', 33],
  ['persist_ip.prefixV6', 31],
  ['persist_ip.prefixV6', 129],
  ['no.such.setting', 1],
  ['no.such.setting', undefined],
  ['__proto__', {}],
  ['constructor', 1],
] as const) {
  test(`${name} refuses ${JSON.stringify(value)}`, async () => {
    const { table, tap } = await openTable()
    await assert.rejects(table.set(name, value), { code: 'invalid_request' })
    assert.equal(tap.count('documents.save'), 0)
  })
}

test('an invalid or unknown initial value is refused', () => {
  const { documents, clock } = memory()
  for (const initial of [{ 'renewal.graceMs': -1 }, { 'no.such.setting': 1 }]) {
    assert.throws(() => new SettingsTable(documents, clock, initial as Partial<Settings>), {
      code: 'invalid_request',
    })
  }
})

test('a stored value that is invalid, or of an unknown setting, is ignored', async () => {
  const { tap, open, clock } = await openTable()
  const stored = { 'renewal.graceMs': 'long', 'gone.setting': 1, 'password.minLength': 10 }
  await tap.store.documents.save('settings', JSON.stringify(stored), { now: clock.now() })
  const table = await open()
  assert.equal(table.get('renewal.graceMs'), 30_000)
  assert.equal(table.get('password.minLength'), 10)
})

test('two simultaneous changes are both kept', async () => {
  const { open } = await openTable()
  const [one, two] = [await open(), await open()]
  await Promise.all([one.set('renewal.graceMs', 1000), two.set('password.minLength', 11)])
  const third = await open()
  assert.equal(third.get('renewal.graceMs'), 1000)
  assert.equal(third.get('password.minLength'), 11)
})

test('a slow read does not restore a value that a later read has replaced', async () => {
  const { open, tap } = await openTable()
  const [here, there] = [await open(), await open()]
  const held = tap.hold('documents.find', 'after')
  const slow = here.load()
  await held.reached
  await there.set('renewal.graceMs', 1000)
  await here.load()
  held.release()
  await slow
  assert.equal(here.get('renewal.graceMs'), 1000)
})

test('listeners receive the names of changed settings, once, until they are removed', async () => {
  const { table } = await openTable()
  const received: (readonly string[])[] = []
  const stop = table.onChange((names) => received.push(names))
  await table.set('renewal.graceMs', 1000)
  await table.set('renewal.graceMs', 1000)
  stop()
  await table.set('renewal.graceMs', 2000)
  assert.deepEqual(received, [['renewal.graceMs']])
})

test('a property of Object.prototype is not a profile', async () => {
  const { table } = await openTable()
  for (const name of ['constructor', '__proto__', 'toString', 'nothing', '']) {
    assert.equal(table.profile(name), null)
    assert.equal(isSettingName(name), false)
  }
})
