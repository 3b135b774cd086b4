import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openFixture, settled } from '../../../../../test/support/angen-door.ts'

test('a direct message reaches every session of a user, or waits for it', async (t) => {
  const { connect, visit, token, register, authority } = await openFixture(t)
  const peer = await visit('ada')
  const ada = (await authority.actors.findByIdentity('ada'))?.id
  const bob = await register('bob')
  const { identifier_code } = await token('bob')
  const send = (to_id: string) => ({ to_id, content: 'hi “there”' })
  const name = 'communication/send_direct_message'
  assert.deepEqual(await peer.ask(name, send(bob)), {
    name: 'system/success',
    message: { command: name },
  })
  await settled()
  const there = connect()
  const told = await there.send(
    JSON.stringify({ name: 'auth/login', command: { token: identifier_code, user_agent: 'u' } }),
  )
  await settled()
  told.push(...there.read())
  assert.deepEqual(
    told.map(({ name }) => name),
    ['auth/logged_in', 'communication/received_direct_message'],
  )
  assert.deepEqual(told[1]?.message, {
    message: {
      content: 'hi “there”',
      'delivered?': false,
      inserted_at: '2026-01-01T00:00:00Z',
      'read?': false,
      sender_id: ada,
      to_id: bob,
    },
  })
  await peer.ask(name, send(bob.toUpperCase()))
  await settled()
  assert.equal(there.read().length, 1)
})

test('a direct message wants a session and a user', async (t) => {
  const { connect, visit } = await openFixture(t)
  const name = 'communication/send_direct_message'
  const given = { to_id: 'nobody', content: 'hi' }
  assert.equal(await connect().reason(name, given), 'Must be logged in')
  assert.equal(await (await visit('ada')).reason(name, given), 'No user by that ID')
})
