import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { openGame, withCommands } from '../../../test/support/mage-door.ts'

const STATUSES = new Set([200, 400, 404, 413, 418, 500])

const names = fc.constantFrom(
  'players.noop',
  'players.login',
  'players.register',
  'players.echo',
  'players.whoami',
  'session.logout',
  'session.restore',
  'config.get',
  'constructor',
  '__proto__',
  'toString',
  'hasOwnProperty',
  'players.constructor',
  'players.__proto__',
  '',
  '.',
  'players',
  'admin.actors.search',
  'session.login',
)

const odd = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    null,
    [null],
    { name: 'mage.session' },
    { name: 'mage.session', key: null },
    'x:y',
  ),
)

test('the paths that stopped MAGE do not stop this', async (t) => {
  const game = await openGame(t)
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf']) {
    assert.deepEqual((await game.call(name)).entries, [['server', null]], name)
    assert.deepEqual((await game.call(`players.${name}`)).entries, [['server', null]], name)
  }
  for (const header of [
    [null],
    [undefined],
    [[]],
    [1, 'a', true],
    [{ name: null }],
    [{ name: {} }],
  ]) {
    assert.deepEqual((await game.call('players.noop', [], { header })).entries, [[null, null]])
  }
})

test('whatever is in a batch is answered, and the next one too', async (t) => {
  const faults: unknown[] = []
  const onFault = (error: unknown) => void faults.push(error)
  process.on('unhandledRejection', onFault)
  t.after(() => process.off('unhandledRejection', onFault))
  const game = await openGame(t, {
    settings: { 'throttle.addressPerMinute': 1_000_000, 'throttle.createPerMinute': 1_000_000 },
  })
  const batch = fc.tuple(
    fc.array(names, { minLength: 1, maxLength: 4 }),
    fc.oneof(
      { weight: 5, arbitrary: fc.array(odd, { maxLength: 4 }) },
      { weight: 1, arbitrary: odd },
    ),
    fc.array(odd, { maxLength: 5 }),
  )
  await fc.assert(
    fc.asyncProperty(batch, async ([commands, header, params]) => {
      const body = [header, ...params].map((line) => JSON.stringify(line)).join('\n')
      const { status, entries } = await game.send(`/game/x/${commands.join()}`, { body })
      assert.ok(STATUSES.has(status), String(status))
      if (status === 200) assert.equal(entries.length, commands.length)
    }),
    { numRuns: 600 },
  )
  assert.deepEqual((await game.call('players.noop')).entries, [[null, null]])
  assert.deepEqual([faults, game.errors], [[], []])
})

test('whatever bytes, paths and queries come are answered', async (t) => {
  const game = await openGame(t, { limits: { bodyBytes: 200 } })
  const path = fc
    .string({ unit: 'binary-ascii', maxLength: 30 })
    .map((text) => text.replace(/[\s\0#]/g, ''))
  const type = fc.constantFrom(
    'text/plain',
    'multipart/form-data; boundary=x',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary="',
  )
  await fc.assert(
    fc.asyncProperty(
      path,
      fc.uint8Array({ maxLength: 400 }),
      type,
      async (rest, bytes, contentType) => {
        const head = `POST /game/${rest} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: ${contentType}\r\nContent-Length: ${bytes.length}\r\n\r\n`
        const answer = await game.raw(Buffer.concat([Buffer.from(head, 'latin1'), bytes]))
        const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1])
        assert.ok(STATUSES.has(status), `${JSON.stringify(rest)}: ${answer}`)
      },
    ),
    { numRuns: 500 },
  )
  assert.deepEqual(game.errors, [])
})

test('a client that goes away in the middle leaves nothing behind', async (t) => {
  const game = await openGame(t, { files: withCommands({}) })
  const { connect } = await import('node:net')
  for (let round = 0; round < 50; round++) {
    const socket = connect(game.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(
      'POST /game/players.noop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n[]\n',
    )
    await new Promise((resolve) => setTimeout(resolve, 1))
    socket.destroy()
  }
  assert.deepEqual((await game.call('players.noop')).entries, [[null, null]])
  assert.deepEqual(game.errors, [])
})
