import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { openStream, until, withKey } from '../../../../test/support/mage-stream.ts'

const STATUSES = new Set([200, 204, 400])
const RUNS = { numRuns: 150 }

const value = fc.oneof(
  fc.string({ unit: 'binary' }).map(encodeURIComponentSafe),
  fc.constantFrom('shortpolling', '%', '%ff', '__proto__', 'a:b', ':', '0', '1,2', '9'.repeat(400)),
  fc.constant('1,'.repeat(1_200)),
)
const query = fc
  .array(fc.tuple(fc.constantFrom('transport', 'sessionKey', 'confirmIds', 'x'), value), {
    maxLength: 5,
  })
  .map((pairs) => `?${pairs.map(([name, text]) => `${name}=${text}`).join('&')}`)

function encodeURIComponentSafe(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

test('no query of an unauthenticated client harms the stream', async (t) => {
  const game = await openStream(t)
  await fc.assert(
    fc.asyncProperty(query, async (text) => {
      const { status } = await game.ask(text)
      assert.ok(STATUSES.has(status), `${status} for ${text}`)
    }),
    RUNS,
  )
  assert.deepEqual(game.errors, [])
  assert.equal(game.stream.size, 0)
})

test('no frame of a client harms it or another', async (t) => {
  const game = await openStream(t)
  const ann = await game.person('ann')
  const bob = await game.person('bob')
  const other = await game.listen(withKey(bob.key))
  await until(() => game.stream.size === 1)
  const { socket } = await game.listen(withKey(ann.key))
  const frame = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', ',', '0', '-1', '1e9', 'null', '{"1":1}', '9'.repeat(60_000)),
    fc.constant('1,'.repeat(30_000)),
  )
  await fc.assert(
    fc.asyncProperty(frame, async (text) => {
      socket.send(text)
    }),
    RUNS,
  )
  await until(() => game.connections.size === 2)
  await game.connections.send(bob.id, { name: 'still' })
  assert.equal(await other.next(), '{"1":[["still"]]}')
  assert.deepEqual(game.errors, [])
})

test('no bytes after an upgrade harm it', async (t) => {
  const game = await openStream(t)
  const { key } = await game.person('ann')
  const head = `GET /msgstream${withKey(key)} HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n`
  const good = 'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
  for (const rest of [
    '\r\n',
    'sec-websocket-version: 99\r\nsec-websocket-key: x\r\n\r\n',
    `${good}\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff`,
    `${good}\r\nhello hello hello hello`,
    `${good}\r\n\x81\xfe\xff\xff\x00\x00\x00\x00`,
    `${good}\r\n\x88\x80\x00\x00\x00\x00`,
  ]) {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, 200)
    await Promise.race([game.speak(head + rest), promise])
    clearTimeout(timer)
  }
  assert.equal((await game.short(key)).status, 204)
  assert.deepEqual(game.errors, [])
})

test('an event that is no JSON is told to the operator, and the stream goes on', async (t) => {
  const told: unknown[] = []
  const game = await openStream(t, { onError: (error) => told.push(error) })
  const { key } = await game.person('ann')
  const { next } = await game.listen(withKey(key))
  await until(() => game.stream.size === 1)
  game.connections.broadcast({ name: 'big', data: 1n })
  game.connections.broadcast({ name: 'after' })
  assert.equal(await next(), '{"1":[["after"]]}')
  assert.equal(told.length, 1)
})
