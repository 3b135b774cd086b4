import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGame } from '../../../../test/support/mage-door.ts'
import { mageSettings, parseTimeCode } from './time-code.ts'

test('a time code is a number and a unit', () => {
  assert.deepEqual(
    ['30s', '10m', '2h', '1d', ' 5m '].map(parseTimeCode),
    [30_000, 600_000, 7_200_000, 86_400_000, 300_000],
  )
  for (const wrong of ['', '10', 'm', '0m', '-1m', '1.5h', '1w', '10 m', '1m1s', '9999999999s']) {
    assert.throws(() => parseTimeCode(wrong), { code: 'invalid_request' }, wrong)
  }
})

test('the session’s time of an application’s configuration is that of the profile game', async (t) => {
  assert.deepEqual(mageSettings(undefined), {})
  assert.deepEqual(mageSettings({ module: {} }), {})
  const config = { module: { session: { ttl: '2h' } } }
  assert.deepEqual(mageSettings(config), { 'profile.game.idleMs': 7_200_000 })
  const game = await openGame(t, { config, settings: mageSettings(config) })
  const { key } = await game.person('ada')
  game.clock.advance(7_199_999)
  assert.equal((await game.call('players.whoami', [], { key })).entries[0]?.[0], null)
  game.clock.advance(7_200_000)
  assert.equal((await game.call('players.whoami', [], { key })).entries[0]?.[0], 'auth')
})
