import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openFixture, PASSWORD, settled } from '../../../../../test/support/angen-door.ts'

interface Listed {
  readonly id: string
  readonly current: boolean
  readonly user_agent: string | null
}

test('my sessions are listed, with no code in them', async (t) => {
  const { visit, token, authority } = await openFixture(t)
  const peer = await visit('ada')
  const other = await token('ada')
  await visit('bob')
  const told = await peer.ask('sessions/list')
  const sessions = told.message['sessions'] as Listed[]
  assert.equal(sessions.length, 2)
  assert.equal(sessions.filter(({ current }) => current).length, 1)
  assert.equal(sessions[0]?.user_agent, 'test')
  const text = JSON.stringify(told)
  for (const code of [other.identifier_code, other.renewal_code]) {
    assert.ok(!text.includes(code.slice(25)))
  }
  const first = await peer.ask('sessions/list', { limit: 1 })
  const after = first.message['next']
  const second = await peer.ask('sessions/list', { limit: 1, after })
  assert.deepEqual(
    [first, second].flatMap(({ message }) => (message['sessions'] as Listed[]).map(({ id }) => id)),
    sessions.map(({ id }) => id),
  )
  assert.equal(await authority.sessions.count(), 3)
})

test('a session that is revoked loses its connections at once, and my own is a logout', async (t) => {
  const { visit, connect, token } = await openFixture(t)
  const peer = await visit('ada')
  const { identifier_code } = await token('ada')
  const other = await connect().login(identifier_code)
  const id = identifier_code.slice(0, 25)
  assert.equal((await peer.ask('sessions/revoke', { id })).name, 'system/success')
  assert.deepEqual(other.read(), [
    { name: 'sessions/ended', message: { reason: 'revoked', session_id: id } },
  ])
  const { session } = (await peer.ask('sessions/current')).message as { session: { id: string } }
  const told = await peer.send(
    JSON.stringify({ name: 'sessions/revoke', command: { id: session.id } }),
  )
  assert.deepEqual(
    told.map(({ name, message }) => [name, message['reason']]),
    [
      ['system/success', undefined],
      ['sessions/ended', 'logged_out'],
    ],
  )
})

test('the session of another user cannot be revoked', async (t) => {
  const { visit, connect, token, register } = await openFixture(t)
  const peer = await visit('ada')
  await register('bob')
  const { identifier_code } = await token('bob')
  const bob = await connect().login(identifier_code)
  await peer.ask('sessions/revoke', { id: identifier_code.slice(0, 25) })
  assert.equal((await bob.ask('connections/whoami')).name, 'connections/youare')
})

test('my other sessions end, and this one goes on', async (t) => {
  const { visit, connect, token, authority } = await openFixture(t)
  const peer = await visit('ada')
  const other = await connect().login((await token('ada')).identifier_code)
  await peer.ask('sessions/revoke_others')
  assert.equal(other.wire.closedWith?.reason, 'revoked')
  assert.equal(peer.wire.closedWith, null)
  assert.equal(await authority.sessions.count(), 1)
})

test('my connections are listed, whatever their door', async (t) => {
  const { visit, connections, authority } = await openFixture(t)
  const peer = await visit('ada')
  const begun = await authority.login({ identity: 'ada', password: PASSWORD })
  assert.ok(begun.ok)
  const check = await authority.authenticate(begun.token)
  assert.ok(check.ok)
  connections.open(check, { door: 'mage', send: () => undefined, close: () => undefined })
  const told = (await peer.ask('sessions/connections')).message['connections']
  assert.deepEqual(
    (told as { door: string; current: boolean }[]).map(({ door, current }) => [door, current]),
    [
      ['angen', true],
      ['mage', false],
    ],
  )
})

test('a session that ends elsewhere closes its connections here, with the reason', async (t) => {
  const { visit, authority, clock, connections } = await openFixture(t)
  const idOf = async (name: string) => (await authority.actors.findByIdentity(name))?.id ?? ''
  const ends: readonly (readonly [string, (id: string) => Promise<unknown>])[] = [
    ['revoked', (owner) => authority.sessions.end({ owner })],
    ['suspended', (id) => authority.actors.suspend(id)],
    [
      'password_changed',
      (actorId) =>
        authority.credentials.resetPassword({ actorId, next: 'other', sessions: 'revoke-all' }),
    ],
    ['locked', () => authority.sessions.lockAll()],
  ]
  for (const [at, [reason, end]] of ends.entries()) {
    const peer = await visit(`ada${at}`)
    await end(await idOf(`ada${at}`))
    assert.equal(peer.read()[0]?.message['reason'], reason)
    assert.deepEqual(peer.wire.closedWith, { reason, code: 4401 })
  }
  const peer = await visit('eve')
  clock.advance(31 * 86_400_000)
  await peer.receiver.receive('{"name":"connections/whoami","command":{}}')
  assert.deepEqual(
    peer.read().map(({ name, message }) => [name, message['reason']]),
    [['sessions/ended', 'expired']],
  )
  assert.equal(connections.size, 0)
})

test('a server that closes ends no session', async (t) => {
  const { visit, connections, authority } = await openFixture(t)
  const peer = await visit('ada')
  await connections.close()
  assert.deepEqual(peer.wire.closedWith, { reason: 'server_closing', code: 1001 })
  assert.deepEqual(peer.read(), [])
  assert.equal(await authority.sessions.count(), 1)
})

test('a session that cannot be checked is answered as unavailable, and stays open', async (t) => {
  const { visit, authority } = await openFixture(t)
  const peer = await visit('ada')
  const recheck = t.mock.method(authority.sessions, 'recheck', async () => ({
    ok: false,
    code: 'unavailable',
    message: 'Gone.',
  }))
  assert.equal(await peer.reason('connections/whoami'), 'Service unavailable, please retry')
  recheck.mock.restore()
  assert.equal((await peer.ask('connections/whoami')).name, 'connections/youare')
})

test('every message is a use of a session that may not lie idle', async (t) => {
  const { connect, register, authority, clock } = await openFixture(t)
  await register('ada')
  const begun = await authority.login({ identity: 'ada', password: PASSWORD })
  assert.ok(begun.ok)
  const peer = await connect().login(begun.token)
  const half = authority.settings.get('profile.web.idleMs') ?? 0
  for (const command of ['system/ping', 'connections/whoami', 'system/nodes', 'system/ping']) {
    clock.advance(half - 1)
    await peer.ask(command)
    await settled()
  }
  assert.equal((await authority.authenticate(begun.token)).ok, true)
  assert.equal(peer.wire.closedWith, null)
})
