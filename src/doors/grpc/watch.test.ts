import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { granted, openFixture, refused, unlock } from '../../../test/support/grpc-door.ts'
import { until } from '../../../test/support/until.ts'
import { defineCommand } from '../../commands/index.ts'
import { Agent, Sessions } from '../../protocol/grpc/index.ts'

test('a stream receives its own events in order, also those before it was opened', async (t) => {
  const fixture = await openFixture(t)
  const { connections, client } = fixture
  const { token, actorId } = await unlock(fixture, Agent, 'ada')
  const bob = await unlock(fixture, Agent, 'bob')
  await connections.send(actorId, { name: 'early', data: { at: 1 } })
  const watching = await client.watch(token)
  await connections.send(actorId, { name: 'late' })
  await connections.send(bob.actorId, { name: 'not mine' })
  await connections.send(actorId, { name: 'last', data: 'ä' })
  await fixture.authority.sessions.lockAll()
  refused(await watching.ended, 'session_revoked', 'locked')
  assert.deepEqual(watching.heard, [
    { name: 'early', data: { at: 1 } },
    { name: 'late', data: undefined },
    { name: 'last', data: 'ä' },
  ])
})

test('what ends the session ends the stream at once, with the reason', async (t) => {
  const fixture = await openFixture(t)
  const { authority, client } = fixture
  const acts: Readonly<Record<string, (id: string, owner: string, token: string) => unknown>> = {
    revoked: (id) => authority.sessions.end({ id }),
    suspended: (_id, owner) => authority.actors.suspend(owner),
    locked: (_id, _owner, token) => client.call(Agent, 'sessionLockAll', {}, { token }),
    logged_out: (_id, _owner, token) => client.call(Sessions, 'revoke', {}, { token }),
  }
  for (const [reason, act] of Object.entries(acts)) {
    const { token, sessionId, actorId } = await unlock(fixture, Agent, `ada ${reason}`)
    const other = await unlock(fixture, Agent, `bob ${reason}`)
    const watching = await client.watch(token)
    const others = await client.watch(other.token)
    await act(sessionId, actorId, token)
    const told = refused(await watching.ended, 'session_revoked', reason)
    assert.deepEqual([told.status, told.name], ['UNAUTHENTICATED', 'ErrorSessionTokenInvalid'])
    assert.equal(fixture.connections.size, 1)
    others.stream.cancel()
    await others.ended
  }
})

test('a stream whose session expires is ended', async (t) => {
  const fixture = await openFixture(t)
  const { token } = await unlock(fixture, Agent, 'ada')
  const watching = await fixture.client.watch(token)
  fixture.clock.advance(10 * 60_000)
  refused(await watching.ended, 'session_expired')
})

test('a client that goes away leaves nothing behind', async (t) => {
  const fixture = await openFixture(t)
  const { token } = await unlock(fixture, Agent, 'ada')
  const watching = await fixture.client.watch(token)
  assert.equal(fixture.connections.size, 1)
  watching.stream.cancel()
  await watching.ended
  await until(() => fixture.connections.size <= 0)
})

test('a reader that leaves too much unread is cut off, and what it has not read is bounded', async (t) => {
  const fixture = await openFixture(t, { limits: { unreadChars: 10_000 } })
  const { connections, client } = fixture
  const { token, actorId } = await unlock(fixture, Agent, 'ada')
  const watching = await client.watch(token)
  watching.stream.pause()
  const data = 'x'.repeat(5000)
  let sent = 0
  while (connections.size > 0 && sent < 1000) {
    await connections.send(actorId, { name: 'flood', data })
    sent++
    await sleep(0)
  }
  assert.ok(sent < 1000, 'the reader was never cut off')
  // Its own failure, and told of as such.
  assert.equal(fixture.errors.splice(0).length, 1)
  watching.stream.resume()
  assert.equal(refused(await watching.ended, 'too_large').status, 'RESOURCE_EXHAUSTED')
})

test('events of a command go to its caller with the answer, and to others’ streams', async (t) => {
  const poke = defineCommand({
    name: 'test.poke',
    access: ['user'],
    params: z.strictObject({ actor: z.string() }),
    run({ actor }, { emit }) {
      emit(null, { name: 'poked' })
      emit(actor, { name: 'poke', data: [1] })
      return { done: true }
    },
  })
  const fixture = await openFixture(t, { commands: [poke] })
  const ada = await unlock(fixture, Agent, 'ada')
  const bob = await unlock(fixture, Agent, 'bob')
  const watching = await fixture.client.watch(bob.token)
  const ask = (params: string) =>
    fixture.client.call(Sessions, 'command', { name: 'test.poke', params }, { token: ada.token })
  const { value } = granted(await ask(JSON.stringify({ actor: bob.actorId })))
  assert.deepEqual(JSON.parse(value.result), { done: true })
  assert.deepEqual(
    value.events.map(({ name, data }) => [name, data]),
    [['poked', '']],
  )
  await until(() => watching.heard.length > 0)
  assert.deepEqual(watching.heard, [{ name: 'poke', data: [1] }])
  for (const params of [
    '',
    '[]',
    '{',
    '{"actor":3}',
    `{"actor":${'['.repeat(50)}${']'.repeat(50)}}`,
  ]) {
    refused(await ask(params), 'invalid_request')
  }
})

test('what a server ends, it ends with UNAVAILABLE, and does not wait for readers', async (t) => {
  const fixture = await openFixture(t)
  const { token } = await unlock(fixture, Agent, 'ada')
  const watching = await fixture.client.watch(token)
  const drained = fixture.listener.drain(AbortSignal.timeout(5000))
  assert.equal(refused(await watching.ended, 'unavailable').status, 'UNAVAILABLE')
  await drained
})
