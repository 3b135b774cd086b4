import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStream, until, withKey } from '../../../../test/support/mage-stream.ts'

test('a socket gets each pack once, and the next one what was not confirmed', async (t) => {
  const game = await openStream(t)
  const { id, key } = await game.person('ann')
  const { socket, next } = await game.listen(withKey(key))
  await until(() => game.stream.size === 1)
  await game.connections.send(id, { name: 'annoy', data: { hello: 1 } })
  assert.equal(await next(), '{"1":[["annoy",{"hello":1}]]}')
  // Its confirmation may be on its way: what an open socket has been given does not come again.
  await game.connections.send(id, { name: 'annoy' })
  assert.equal(await next(), '{"2":[["annoy"]]}')
  socket.send('1')
  await game.call('players.noop')
  game.connections.broadcast({ name: 'all' })
  assert.equal(await next(), '{"3":[["all"]]}')
  const again = await game.listen(withKey(key))
  assert.equal(await again.next(), '{"2":[["annoy"]],"3":[["all"]]}')
})

test('order and confirmation go on over every transport', async (t) => {
  const game = await openStream(t)
  const { id, key } = await game.person('ann')
  const send = (name: string) => game.connections.send(id, { name })
  await send('a')
  const first = await game.listen(withKey(key))
  assert.equal(await first.next(), '{"1":[["a"]]}')
  first.socket.terminate()
  await until(() => first.socket.readyState === first.socket.CLOSED)
  await send('b')
  assert.equal((await game.short(key)).text, '{"1":[["a"]],"2":[["b"]]}')
  const second = await game.listen(withKey(key))
  assert.equal(await second.next(), '{"1":[["a"]],"2":[["b"]]}')
  second.socket.send('1')
  await new Promise((resolve) => setTimeout(resolve, 20))
  await send('c')
  assert.equal(await second.next(), '{"3":[["c"]]}')
  assert.equal((await game.short(key)).text, '{"2":[["b"]],"3":[["c"]]}')
  assert.equal((await game.short(key, '2,3,99')).status, 204)
  assert.deepEqual(await second.closed, [1000, ''])
})

test('a second socket closes the first with 1000', async (t) => {
  const game = await openStream(t)
  const { id, key } = await game.person('ann')
  const first = await game.listen(withKey(key))
  await until(() => game.stream.size === 1)
  const second = await game.listen(withKey(key))
  assert.deepEqual(await first.closed, [1000, ''])
  await game.connections.send(id, { name: 'x' })
  assert.equal(await second.next(), '{"1":[["x"]]}')
  assert.equal(game.connections.list(id).length, 1)
})

test('a binary frame closes with 1003, a long one with 1009', async (t) => {
  const game = await openStream(t)
  const { key } = await game.person('ann')
  const first = await game.listen(withKey(key))
  first.socket.send(Buffer.from([1, 2]))
  assert.deepEqual(await first.closed, [1003, 'MAGE only supports text data'])
  const second = await game.listen(withKey(key))
  second.socket.send('1'.repeat(65_537))
  assert.equal((await second.closed)[0], 1009)
})

test('a socket without a session is told and closed', async (t) => {
  const game = await openStream(t)
  const { id } = await game.person('ann')
  const cases = [
    ['', 'invalidSessionKey', 1008],
    [withKey('nonsense'), 'invalidSessionKey', 1000],
    [withKey('nobody:0123456789abcdef'), 'noSession', 1000],
    [withKey(`${id}:0123456789abcdef`), 'noSession', 1000],
  ] as const
  for (const [query, reason, code] of cases) {
    const { next, closed } = await game.listen(query)
    assert.equal(await next(), `{"0":[["session.unset","${reason}"]]}`)
    assert.equal((await closed)[0], code)
  }
  assert.equal(game.stream.size, 0)
})

test('an upgrade elsewhere gets these bytes', async (t) => {
  const game = await openStream(t)
  assert.equal(
    await game.speak(
      'GET /elsewhere HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    ),
    'HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\n\r\n',
  )
})

test('each end of the session tells the socket its reason, and closes it at once', async (t) => {
  const game = await openStream(t)
  const { authority, call } = game
  const ends = {
    loggedOut: (key: string) => call('session.logout', [{}], { key }),
    revoked: (_: string, id: string) =>
      authority.sessions.end({ owner: id }, { reason: 'revoked' }),
    banned: (_: string, id: string) => authority.actors.suspend(id),
    keyMismatch: (_: string, id: string) => authority.sessions.loginAs(id, { profile: 'game' }),
    expired: async () => game.clock.advance(11 * 60_000),
  }
  for (const [reason, end] of Object.entries(ends)) {
    const { id, key } = await game.person(`p-${reason}`)
    const { next, closed } = await game.listen(withKey(key))
    await until(() => game.connections.list(id).length === 1)
    const began = performance.now()
    await end(key, id)
    assert.equal(await next(), `{"0":[["session.unset","${reason}"]]}`)
    assert.deepEqual(await closed, [1000, ''])
    assert.ok(performance.now() - began < 1_000)
    assert.equal(game.stream.size, 0)
  }
})

test('what was sent just before the end comes with it', async (t) => {
  const game = await openStream(t)
  const { id, key } = await game.person('ann')
  const { next, closed } = await game.listen(withKey(key))
  await until(() => game.stream.size === 1)
  game.connections.broadcast({ name: 'last' })
  await game.connections.close('logged_out')
  assert.equal(await next(), '{"0":[["session.unset","loggedOut"]],"1":[["last"]]}')
  assert.equal((await closed)[0], 1000)
  assert.equal(game.connections.list(id).length, 0)
})

test('a frame extends the session, a passive socket does not', async (t) => {
  const game = await openStream(t, { pingEveryMs: 40 })
  const active = await game.person('ann')
  const passive = await game.person('bob')
  const { socket } = await game.listen(withKey(active.key))
  const other = await game.listen(withKey(passive.key))
  await until(() => game.stream.size === 2)
  game.clock.advance(9 * 60_000)
  socket.send('')
  await until(
    () =>
      (game.connections.list(active.id)[0]?.current.session.expiresAt ?? 0) >
      game.clock.now() + 300_000,
  )
  game.clock.advance(2 * 60_000)
  assert.equal(await other.next(), '{"0":[["session.unset","expired"]]}')
  assert.equal(game.connections.list(active.id).length, 1)
  assert.equal(socket.readyState, socket.OPEN)
})

test('a socket that answers no ping is cut', async (t) => {
  const game = await openStream(t, { pingEveryMs: 40 })
  const ann = await game.person('ann')
  const bob = await game.person('bob')
  const dead = await game.listen(withKey(ann.key))
  const alive = await game.listen(withKey(bob.key))
  dead.socket.pong = () => undefined
  assert.equal((await dead.closed)[0], 1006)
  assert.equal(alive.socket.readyState, alive.socket.OPEN)
})

test('a reader that is too slow is closed with 1013, and loses nothing that is kept', async (t) => {
  const game = await openStream(t, { limits: { bufferedBytes: 200_000, packBytes: 2_000_000 } })
  const { id, key } = await game.person('ann')
  const { socket, closed } = await game.listen(withKey(key))
  await until(() => game.stream.size === 1)
  socket.pause()
  const data = 'x'.repeat(200_000)
  for (let sent = 0; sent < 60; sent++) {
    await game.connections.send(id, { name: 'big', data })
    await new Promise((resolve) => setImmediate(resolve))
  }
  socket.resume()
  assert.equal((await closed)[0], 1013)
  const packs = JSON.parse((await game.short(key)).text) as object
  assert.ok(Object.keys(packs).length >= 9)
})

test('a server that goes away closes sockets with 1001 and ends no session', async (t) => {
  const game = await openStream(t)
  const { key } = await game.person('ann')
  const { closed } = await game.listen(withKey(key))
  await until(() => game.stream.size === 1)
  game.stream.close()
  assert.equal((await closed)[0], 1001)
  assert.equal((await game.authority.authenticate(key)).ok, true)
})
