import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openFixture } from '../../../../../test/support/angen-door.ts'

test('whoami has the sixteen keys of a client', async (t) => {
  const { visit, connect, authority } = await openFixture(t)
  assert.equal(await connect().reason('connections/whoami'), 'You are not logged in')
  const peer = await visit('ada')
  const id = (await authority.actors.findByIdentity('ada'))?.id
  const told = await peer.ask('connections/whoami', {}, { id: 'x' })
  assert.deepEqual(told, {
    name: 'connections/youare',
    message_id: 'x',
    message: {
      user: { id, name: 'ada' },
      client: {
        'afk?': false,
        'bot?': false,
        'connected?': true,
        id,
        'in_game?': false,
        last_disconnected: null,
        'lobby_host?': false,
        lobby_id: null,
        party_id: null,
        'player?': false,
        player_colour: null,
        player_number: null,
        'ready?': false,
        sync: null,
        team_number: null,
        update_id: 0,
      },
    },
  })
})

test('an update is sent to every connection of the user, after the answer', async (t) => {
  const { visit, connect, token } = await openFixture(t)
  const peer = await visit('ada')
  const other = await connect().login((await token('ada')).identifier_code)
  const bob = await visit('bob')
  const [answer, push] = await peer.send(
    '{"name":"connections/update_client","command":{"afk?":true,"sync":{"game":1},"odd":5},"message_id":"1"}',
  )
  assert.deepEqual(answer?.message, { command: 'connections/update_client' })
  const { client } = (await peer.ask('connections/whoami')).message as { client: { id: string } }
  const told = {
    name: 'connections/client_updated',
    message: {
      user_id: client.id,
      changes: { 'afk?': true, sync: { game: 1 }, update_id: 1 },
      reason: 'self_update',
    },
  }
  assert.deepEqual(push, told)
  assert.deepEqual(other.read(), [told])
  assert.deepEqual(bob.read(), [])
  assert.deepEqual(client, { ...client, 'afk?': true, sync: { game: 1 }, update_id: 1 })
})

test('an update that changes nothing is not sent', async (t) => {
  const { visit } = await openFixture(t)
  const peer = await visit('ada')
  assert.equal(await peer.reason('connections/update_client', {}), 'No changes')
  assert.equal(await peer.reason('connections/update_client', { 'player?': true }), 'No changes')
  const same = '{"name":"connections/update_client","command":{"afk?":false}}'
  assert.equal((await peer.send(same)).length, 1)
  const deep = JSON.parse(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`)
  for (const sync of [{ text: 'x'.repeat(5000) }, deep]) {
    assert.equal(await peer.reason('connections/update_client', { sync }), 'Sync is too large')
  }
})

test('a disconnect answers and closes this connection alone; the state goes with the last', async (t) => {
  const { visit, connect, token, door, connections, authority } = await openFixture(t)
  const peer = await visit('ada')
  const { identifier_code } = await token('ada')
  const other = await connect().login(identifier_code)
  await peer.ask('connections/update_client', { 'afk?': true })
  assert.equal((await peer.ask('connections/disconnect')).name, 'system/success')
  assert.equal(peer.wire.closedWith?.code, undefined)
  assert.notEqual(peer.wire.closedWith, null)
  assert.equal(other.wire.closedWith, null)
  assert.deepEqual([connections.size, door.stats().clients], [1, 1])
  await other.ask('connections/disconnect')
  assert.deepEqual([connections.size, door.stats().clients], [0, 0])
  const again = await connect().login(identifier_code)
  const { client } = (await again.ask('connections/whoami')).message as { client: object }
  assert.equal((client as Record<string, unknown>)['afk?'], false)
  const stranger = connect()
  assert.equal((await stranger.ask('connections/disconnect')).name, 'system/success')
  assert.notEqual(stranger.wire.closedWith, null)
  const given = { name: 'eve', email: 'eve@example.org', password: 'password1' }
  const late = JSON.stringify({ name: 'account/register', command: given })
  assert.deepEqual(await stranger.send(late), [])
  assert.equal(await authority.actors.findByIdentity('eve'), null)
})

test('the state of a client that only dropped stays for five minutes', async (t) => {
  const { visit, connect, token, clock } = await openFixture(t)
  const first = await visit('ada')
  const { identifier_code } = await token('ada')
  const clientOf = async (peer: typeof first) =>
    (await peer.ask('connections/whoami')).message['client'] as Record<string, unknown>
  await first.ask('connections/update_client', { 'afk?': true })
  first.receiver.closed()
  clock.advance(299_999)
  const second = connect()
  await second.ask('auth/login', { token: identifier_code, user_agent: 'u', 'bot?': true })
  assert.equal((await clientOf(second))['afk?'], true)
  assert.equal((await clientOf(second))['bot?'], false)
  second.receiver.closed()
  clock.advance(300_000)
  const third = connect()
  await third.ask('auth/login', { token: identifier_code, user_agent: 'u', 'bot?': true })
  assert.equal((await clientOf(third))['afk?'], false)
  assert.equal((await clientOf(third))['bot?'], true)
})
