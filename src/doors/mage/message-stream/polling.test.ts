import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { openStream, until } from '../../../../test/support/mage-stream.ts'
import { memory, memoryEngine } from '../../../stores/memory/index.ts'
import { fakeClock } from '../../../testing/fake-clock.ts'

const JSON_TYPE = 'application/json'
const TEXT_TYPE = 'text/plain; charset=UTF-8'

test('a short poll is answered with what waits, again until it is confirmed', async (t) => {
  const game = await openStream(t)
  const { id, key } = await game.person('ann')
  assert.deepEqual(await game.short(key), { status: 204, type: null, text: '' })
  await game.connections.send(id, { name: 'annoy', data: { hello: 1 } })
  await game.connections.send(id, { name: 'annoy' })
  const both = '{"1":[["annoy",{"hello":1}]],"2":[["annoy"]]}'
  assert.deepEqual(await game.short(key), { status: 200, type: JSON_TYPE, text: both })
  assert.equal((await game.short(key)).text, both)
  assert.equal((await game.short(key, '1')).text, '{"2":[["annoy"]]}')
  assert.equal((await game.short(key, '1,2')).status, 204)
  await game.connections.send(id, { name: 'next' })
  assert.equal((await game.short(key)).text, '{"3":[["next"]]}')
})

test('what was sent before the first poll waited for it', async (t) => {
  const game = await openStream(t)
  const { id, key } = await game.person('ann')
  await game.connections.send(id, { name: 'early', data: null })
  assert.equal((await game.long(key)).text, '{"1":[["early",null]]}')
  assert.equal(game.connections.list(id).length, 1)
})

test('a long poll is answered at delivery', async (t) => {
  const game = await openStream(t)
  const { id, key } = await game.person('ann')
  const answer = game.long(key)
  await until(() => game.stream.size === 1)
  await game.connections.send(id, { name: 'now', data: ['é'] })
  assert.deepEqual(await answer, { status: 200, type: JSON_TYPE, text: '{"1":[["now",["é"]]]}' })
  game.connections.broadcast({ name: 'all' })
  assert.equal((await game.long(key, '1')).text, '{"2":[["all"]]}')
})

test('a long poll is answered with nothing at the heartbeat', async (t) => {
  const game = await openStream(t, { heartbeatMs: 60 })
  const { key } = await game.person('ann')
  const began = performance.now()
  assert.deepEqual(await game.long(key), { status: 204, type: null, text: '' })
  const took = performance.now() - began
  assert.ok(took >= 55 && took < 1_000, `${took} ms`)
})

test('a second poll ends the first with 204', async (t) => {
  const game = await openStream(t)
  const { id, key } = await game.person('ann')
  const first = game.long(key)
  await until(() => game.stream.size === 1)
  const second = game.long(key)
  assert.equal((await first).status, 204)
  await game.connections.send(id, { name: 'x' })
  assert.equal((await second).text, '{"1":[["x"]]}')
  assert.equal(game.connections.list(id).length, 1)
})

test('a key that is no good is told why, with status 200', async (t) => {
  const game = await openStream(t)
  const { id, key } = await game.person('ann')
  const told = (reason: string) => ({
    status: 200,
    type: JSON_TYPE,
    text: `{"0":[["session.unset","${reason}"]]}`,
  })
  assert.deepEqual(await game.short('nonsense'), told('invalidSessionKey'))
  assert.deepEqual(await game.long('nobody:0123456789abcdef'), told('noSession'))
  assert.deepEqual(await game.long(`${id}:0123456789abcdef`), told('noSession'))
  game.clock.advance(11 * 60_000)
  assert.deepEqual(await game.long(key), told('noSession'))
})

test('what cannot be served is refused with these bytes', async (t) => {
  const game = await openStream(t)
  const { key } = await game.person('ann')
  const refused = (text: string) => ({ status: 400, type: TEXT_TYPE, text })
  assert.deepEqual(await game.ask('?transport=shortpolling'), refused('Unknown error'))
  assert.deepEqual(await game.ask('?transport=longpolling&sessionKey='), refused('Unknown error'))
  for (const name of ['foo', 'websocket', '__proto__', '']) {
    assert.deepEqual(
      await game.ask(`?sessionKey=${key}&transport=${name}`),
      refused(`Unknown HTTP transport: ${name}`),
    )
  }
  assert.deepEqual(await game.ask(''), refused('Unknown HTTP transport: undefined'))
  assert.equal((await game.ask('', { method: 'HEAD' })).status, 200)
  assert.equal((await game.ask('/else')).status, 418)
  const path = `/msgstream?transport=shortpolling&sessionKey=${key}`
  assert.equal(
    await game.speak(`POST ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`),
    'HTTP/1.1 204 No Content\r\npragma: no-cache\r\nDate: ..\r\nConnection: close\r\n\r\n',
  )
})

test('a foreign host is refused in development', async (t) => {
  const game = await openStream(t)
  const { key } = await game.person('ann')
  const head = `GET /msgstream?transport=shortpolling&sessionKey=${key} HTTP/1.1\r\nhost: evil.example\r\n`
  assert.match(await game.speak(`${head}connection: close\r\n\r\n`), /^HTTP\/1\.1 403 /)
  assert.match(
    await game.speak(`${head}connection: upgrade\r\nupgrade: websocket\r\n\r\n`),
    /^HTTP\/1\.1 403 /,
  )
  assert.equal(game.stream.size, 0)
})

test('pages of another origin may ask where they are let in', async (t) => {
  const game = await openStream(t, {}, { cors: { origin: 'https://a.example', credentials: true } })
  const response = await fetch(`http://127.0.0.1:${game.streamPort}/msgstream`, {
    method: 'OPTIONS',
    headers: { origin: 'https://a.example' },
  })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('access-control-allow-origin'), 'https://a.example')
  assert.equal(response.headers.get('access-control-allow-credentials'), 'true')
})

test('a poll extends the session', async (t) => {
  const game = await openStream(t)
  const { id, key } = await game.person('ann')
  for (let minutes = 0; minutes < 30; minutes += 9) {
    assert.equal((await game.short(key)).status, 204)
    game.clock.advance(9 * 60_000)
  }
  assert.equal(game.connections.list(id).length, 1)
})

test('the end of the session answers the open poll at once, with its reason', async (t) => {
  const game = await openStream(t)
  const { id, key } = await game.person('ann')
  const answer = game.long(key)
  await until(() => game.stream.size === 1)
  await game.authority.actors.suspend(id)
  assert.deepEqual(await answer, {
    status: 200,
    type: JSON_TYPE,
    text: '{"0":[["session.unset","banned"]]}',
  })
  assert.equal(game.stream.size, 0)
})

test('a stream without a client is removed after 30 seconds, and what was not confirmed waits in the mailbox', async (t) => {
  const game = await openStream(t, { heartbeatMs: 40 })
  const { id, key } = await game.person('ann')
  assert.equal((await game.short(key)).status, 204)
  await game.connections.send(id, { name: 'unread' })
  assert.equal((await game.short(key)).text, '{"1":[["unread"]]}')
  game.clock.advance(30_000)
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(game.stream.size, 1)
  game.clock.advance(1)
  await until(() => game.stream.size === 0)
  assert.equal(game.connections.list(id).length, 0)
  await game.connections.send(id, { name: 'later' })
  assert.equal((await game.short(key)).text, '{"1":[["unread"]],"2":[["later"]]}')
})

test('what was not confirmed when the server closed reaches the client on another node', async (t) => {
  const engine = memoryEngine({ clock: fakeClock() })
  const [here, there] = [
    await openStream(t, {}, { store: memory({ engine }) }),
    await openStream(t, {}, { store: memory({ engine }) }),
  ]
  const { id, key } = await here.person('ann')
  const { next } = await here.listen(`?transport=websocket&sessionKey=${encodeURIComponent(key)}`)
  await until(() => here.connections.list(id).length === 1)
  await here.connections.send(id, { name: 'unread', data: 7 })
  assert.equal(await next(), '{"1":[["unread",7]]}')
  await here.connections.close()
  assert.equal((await there.short(key)).text, '{"1":[["unread",7]]}')
})

test('a server that goes away answers the open poll with nothing', async (t) => {
  const game = await openStream(t)
  const { key } = await game.person('ann')
  const answer = game.long(key)
  await until(() => game.stream.size === 1)
  game.stream.close()
  assert.equal((await answer).status, 204)
})

test('no failure that is told of has the key in it', async (t) => {
  const told: unknown[][] = []
  const game = await openStream(t, { onError: (...all) => told.push(all) })
  const { key } = await game.person('ann')
  const { authority } = game
  t.mock.method(authority, 'authenticate', () => Promise.reject(new Error('no store')))
  assert.deepEqual(await game.short(key), { status: 500, type: null, text: '' })
  assert.equal(told.length, 1)
  assert.ok(!inspect(told, { depth: 10 }).includes(key.slice(-43)))
})

test('a store that does not answer is told as such, and ends nothing', async (t) => {
  const game = await openStream(t)
  const { key } = await game.person('ann')
  const answer = game.long(key)
  await until(() => game.stream.size === 1)
  const away = { ok: false, code: 'unavailable', message: 'The store is away.' } as const
  const mocked = t.mock.method(game.authority, 'authenticate', async () => away)
  assert.equal((await game.short(key)).status, 503)
  const { closed } = await game.listen(`?sessionKey=${encodeURIComponent(key)}`)
  assert.equal((await closed)[0], 1011)
  mocked.mock.restore()
  game.connections.broadcast({ name: 'still' })
  assert.equal((await answer).text, '{"1":[["still"]]}')
})
