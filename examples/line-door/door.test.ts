import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import { createAuthority } from 'latchkey'
import { builtInCommands, createPipeline, createRegistry } from 'latchkey/commands'
import { createConnections } from 'latchkey/connections'
import { memory } from 'latchkey/stores/memory'
import {
  type DoorAnswer,
  type DoorLogin,
  type DoorSubject,
  doorCases,
  fakeClock,
} from 'latchkey/testing'
import { createLineDoor } from './door.ts'

interface Subject extends DoorSubject {
  readonly socket: Socket
  close(): Promise<void>
}

interface Value {
  readonly token: string
  readonly renewal: string
  readonly session: { readonly id: string }
  readonly actor: { readonly id: string }
  readonly sessions: readonly { readonly id: string }[]
}

async function openDoor(): Promise<Subject> {
  const clock = fakeClock()
  const store = memory({ clock })
  const passwords = { memoryKiB: 8, passes: 1 }
  const authority = await createAuthority({ store, passwords, pruneEveryMs: 0 })
  const connections = createConnections({ authority })
  const registry = createRegistry(builtInCommands)
  const door = createLineDoor({ pipeline: createPipeline({ authority, registry }), connections })
  await once(door.listen(0, '127.0.0.1'), 'listening')
  const socket = connect((door.address() as AddressInfo).port, '127.0.0.1')
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]()

  // Calls run at the same time in some cases; the door answers one after the other.
  let last: Promise<unknown> = Promise.resolve()
  function call<T>(
    command: string,
    params: object,
    token: string | undefined,
    read: (value: Value) => T,
  ): Promise<DoorAnswer<T>> {
    const answer = last.then(async (): Promise<DoorAnswer<T>> => {
      socket.write(`${JSON.stringify({ command, params, token })}\n`)
      const outcome = JSON.parse((await lines.next()).value ?? '{"ok":false}')
      return outcome.ok ? { ok: true, value: read(outcome.value) } : outcome
    })
    last = answer
    return answer
  }

  const login = ({ token, renewal, session, actor }: Value): DoorLogin => ({
    token,
    renewal,
    sessionId: session.id,
    actorId: actor.id,
  })
  const nothing = () => null
  return {
    authority,
    clock,
    socket,
    register: (name, password) =>
      call('actors.create', { name, password }, undefined, ({ actor }) => actor.id),
    login: (identity, password) => call('session.login', { identity, password }, undefined, login),
    whoAmI: (token) =>
      call('session.get', {}, token, ({ session, actor }) => ({
        sessionId: session.id,
        actorId: actor.id,
      })),
    logout: (token) => call('session.logout', {}, token, nothing),
    list: (token) =>
      call('sessions.list', {}, token, (told) => ({
        ids: told.sessions.map(({ id }) => id),
        told,
      })),
    end: (token, id) => call('sessions.end', { id }, token, nothing),
    endOthers: (token) => call('sessions.endOthers', {}, token, nothing),
    renew: (renewal) => call('session.renew', { renewal }, undefined, login),
    stepUp: (token, password) => call('session.stepUp', { password }, token, login),
    changePassword: (token, current, next) =>
      call('password.change', { current, next }, token, nothing),
    async close() {
      socket.destroy()
      door.close()
      connections.close()
      await authority.close()
    },
  }
}

describe('the door of the guide', () => {
  for (const { name, run } of doorCases) {
    test(name, async (t) => {
      const subject = await openDoor()
      t.after(() => subject.close())
      await run(subject)
    })
  }

  test('a line that is not a call is refused, and the connection stays open', async (t) => {
    const subject = await openDoor()
    t.after(() => subject.close())
    for (const line of ['nonsense', 'null', '[]', '{"command":1}'])
      subject.socket.write(`${line}\n`)
    const answers: string[] = []
    for await (const line of createInterface({ input: subject.socket })) {
      if (answers.push(JSON.parse(line).code) === 4) break
    }
    assert.deepEqual(new Set(answers), new Set(['invalid_request']))
  })

  test('a line without an end closes the connection', async (t) => {
    const subject = await openDoor()
    t.after(() => subject.close())
    const closed = new Promise((resolve) => subject.socket.once('close', resolve))
    subject.socket.on('error', () => undefined)
    subject.socket.write('x'.repeat(1_000_000))
    await closed
  })
})
