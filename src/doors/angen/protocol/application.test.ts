import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { openFixture, settled } from '../../../../test/support/angen-door.ts'
import { builtInCommands, defineCommand } from '../../../commands/index.ts'
import { LatchkeyError } from '../../../core/index.ts'

const commands = [
  defineCommand({
    name: 'chess.move',
    access: ['user'],
    params: z.strictObject({ to: z.string() }),
    result: z.strictObject({ by: z.string(), to: z.string() }),
    run({ to }, { actor, emit }) {
      emit(null, { name: 'chess.moved', data: { to } })
      return { to, by: actor.name }
    },
  }),
  defineCommand({ name: 'chess.rules', access: ['*'], params: z.unknown(), run: () => undefined }),
  defineCommand({
    name: 'chess.board.reset',
    access: ['admin'],
    params: z.unknown(),
    run: () => 'done',
  }),
  defineCommand({
    name: 'chess.lose',
    access: ['*'],
    params: z.unknown(),
    run(_params, { emit }) {
      emit(null, { name: 'lost' }, { always: true })
      throw new LatchkeyError('conflict', 'Not your turn.', { retryAfterMs: 1 })
    },
  }),
  defineCommand({
    name: 'chess.crash',
    access: ['*'],
    params: z.unknown(),
    run: () => Promise.reject(new Error('the password is hunter2')),
  }),
  defineCommand({
    name: 'chess.think',
    access: ['*'],
    params: z.unknown(),
    timeoutMs: 20,
    run: () => new Promise(() => {}),
  }),
  defineCommand({ name: 'lobby.open', access: ['*'], params: z.unknown(), run: () => 'open' }),
  defineCommand({ name: 'auth.backdoor', access: ['*'], params: z.unknown(), run: () => 'in' }),
]

test('a command of the application is answered as its module and name', async (t) => {
  const { visit } = await openFixture(t, { commands })
  const peer = await visit('ada')
  assert.deepEqual(
    await peer.send('{"name":"chess/move","command":{"to":"e4"},"message_id":"9"}'),
    [
      { name: 'chess/move', message: { result: { by: 'ada', to: 'e4' } }, message_id: '9' },
      { name: 'chess/moved', message: { to: 'e4' } },
    ],
  )
  assert.deepEqual(await peer.ask('chess/rules'), {
    name: 'chess/rules',
    message: { result: null },
  })
})

test('a refusal of the application is a failure with its code', async (t) => {
  const { visit, connect, errors } = await openFixture(t, { commands })
  const peer = await visit('ada')
  assert.deepEqual((await connect().ask('chess/move', { to: 'e4' })).message, {
    code: 'token_missing',
    command: 'chess/move',
    reason: 'Must be logged in',
  })
  const invalid = (await peer.ask('chess/move', { to: 4 })).message
  assert.deepEqual(
    [invalid['code'], (invalid['issues'] as unknown[]).length],
    ['invalid_request', 1],
  )
  assert.equal((await peer.ask('chess/board.reset')).message['code'], 'access_denied')
  assert.deepEqual(await peer.send('{"name":"chess/lose","command":{}}'), [
    {
      name: 'system/failure',
      message: {
        code: 'conflict',
        command: 'chess/lose',
        reason: 'Not your turn.',
        retry_after: 1,
      },
    },
    { name: 'event/lost', message: {} },
  ])
  const crashed = await peer.ask('chess/crash')
  assert.equal(crashed.message['code'], 'internal')
  assert.doesNotMatch(JSON.stringify(crashed), /hunter2/)
  assert.equal(errors.length, 1)
})

test('no built-in command is reachable by its own name, nor one in a module of the protocol', async (t) => {
  const { visit } = await openFixture(t, { commands })
  const peer = await visit('ada')
  const names = [...builtInCommands.map(({ name }) => name), 'lobby.open', 'auth.backdoor']
  for (const name of names) {
    // These are commands of the protocol too, under the rules of the protocol.
    if (name === 'sessions.list') continue
    for (const asked of [name, name.replace('.', '/'), name.replaceAll('.', '/')]) {
      assert.equal((await peer.ask(asked)).name, 'system/error', asked)
    }
  }
  for (const asked of [
    'chess.move',
    'chess/board/reset',
    '/chess.move',
    'chess/',
    'chess.board/reset',
  ]) {
    assert.equal((await peer.ask(asked)).name, 'system/error', asked)
  }
})

test('a command that takes too long is refused at its time limit, and the connection goes on', async (t) => {
  const { visit } = await openFixture(t, { commands })
  const peer = await visit('ada')
  const { name, message } = await peer.ask('chess/think')
  assert.deepEqual([name, message['code']], ['system/failure', 'timeout'])
  assert.equal((await peer.ask('chess/rules')).name, 'chess/rules')
})

test('a session that has ended runs nothing', async (t) => {
  const { visit, authority } = await openFixture(t, { commands })
  const peer = await visit('ada')
  t.mock.method(authority.sessions, 'recheck', async () => ({
    ok: false,
    code: 'session_expired',
    message: 'Over.',
  }))
  await peer.receiver.receive('{"name":"chess/rules","command":{}}')
  assert.deepEqual(
    peer.read().map(({ name }) => name),
    ['sessions/ended'],
  )
})

test('events are pushes, with any data', async (t) => {
  const { visit, authority, connections } = await openFixture(t)
  const peer = await visit('ada')
  const id = (await authority.actors.findByIdentity('ada'))?.id ?? ''
  const events: readonly (readonly [string, unknown, string, object])[] = [
    ['game.started', { b: 1, a: 2 }, 'game/started', { a: 2, b: 1 }],
    ['a.b.c', 5, 'a/b.c', { data: 5 }],
    ['odd"\nname', [1], 'event/odd"\nname', { data: [1] }],
    ['game.over', undefined, 'game/over', {}],
  ]
  for (const [name, data] of events) await connections.send(id, { name, data })
  await settled()
  assert.deepEqual(
    peer.read().map(({ name, message }) => [name, message]),
    events.map(([, , name, message]) => [name, message]),
  )
})
