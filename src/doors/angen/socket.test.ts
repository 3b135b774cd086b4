import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { type Fixture, openFixture, type Told } from '../../../test/support/angen-door.ts'
import { AngenHub, createAngenListener } from './transport/index.ts'

/** Serves a door on a free port; gone after the test. */
async function listen(t: TestContext, { door }: Fixture): Promise<number> {
  const hub = new AngenHub({ accept: door.accept, onError: (error) => assert.fail(String(error)) })
  const address = { host: '127.0.0.1', port: 0, named: true }
  const listener = createAngenListener({ hub, name: 'tcp', address })
  const url = await listener.listen()
  t.after(() => listener.drain(AbortSignal.abort()))
  return Number(new URL(url.replace(/^\w+:/, 'http:')).port)
}

async function dial(port: number) {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
  const next = async (): Promise<Told> => JSON.parse((await lines.next()).value as string)
  const write = (...messages: readonly object[]) =>
    socket.write(messages.map((message) => `${JSON.stringify(message)}\n`).join(''))
  return { socket, lines, next, write }
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.destroyed) await once(socket, 'close')
}

test('over a socket answers come in order, and a revocation elsewhere cuts it with a reason', async (t) => {
  const fixture = await openFixture(t)
  await fixture.register('ada')
  const { identifier_code: token } = await fixture.token('ada')
  const { socket, lines, next, write } = await dial(await listen(t, fixture))
  write(
    { name: 'connections/whoami', command: {}, message_id: '1' },
    { name: 'auth/login', command: { token, user_agent: 'u' }, message_id: '2' },
    { name: 'connections/whoami', command: {}, message_id: '3' },
    { name: 'system/ping', command: {}, message_id: '4' },
  )
  const told = [await next(), await next(), await next(), await next()]
  assert.deepEqual(
    told.map(({ name, message_id }) => [name, message_id]),
    [
      ['system/failure', '1'],
      ['auth/logged_in', '2'],
      ['connections/youare', '3'],
      ['system/pong', '4'],
    ],
  )
  await fixture.authority.sessions.lockAll()
  assert.deepEqual((await next()).message['reason'], 'locked')
  assert.equal((await lines.next()).done, true)
  await closed(socket)
})

test('over a socket a disconnect is answered before it closes, and a neighbour goes on', async (t) => {
  const fixture = await openFixture(t)
  const port = await listen(t, fixture)
  const [one, two] = [await dial(port), await dial(port)]
  one.write({ name: 'connections/disconnect', command: {} }, { name: 'system/ping', command: {} })
  assert.equal((await one.next()).name, 'system/success')
  assert.equal((await one.lines.next()).done, true)
  two.socket.write('\u0000garbage}\n')
  assert.equal((await two.next()).name, 'system/error')
  two.write({ name: 'system/ping', command: {} })
  assert.equal((await two.next()).name, 'system/pong')
  two.socket.destroy()
})
