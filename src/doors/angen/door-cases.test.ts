import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Peer, TestWire, type Token, type Told } from '../../../test/support/angen-door.ts'
import { createRegistry } from '../../commands/index.ts'
import { createConnections } from '../../connections/index.ts'
import { createAuthority } from '../../core/index.ts'
import { memory } from '../../stores/memory/index.ts'
import {
  type DoorAnswer,
  type DoorLogin,
  type DoorSubject,
  doorCases,
  fakeClock,
} from '../../testing/index.ts'
import { angenCodec, createAngenDoor } from './index.ts'
import { publishSchemas } from './protocol/schemas.ts'

/** The Angen door on a memory store, as a client of it sees it: one connection for each act. */
async function overAngen(): Promise<DoorSubject> {
  const clock = fakeClock()
  const authority = await createAuthority({
    store: memory({ clock }),
    codecs: [angenCodec],
    passwords: { memoryKiB: 8, passes: 1 },
    pruneEveryMs: 0,
  })
  const registry = createRegistry()
  const onError = (error: unknown) => assert.fail(String(error))
  const connections = createConnections({ authority, onError })
  const door = createAngenDoor({ authority, connections, registry, onError })
  const schemas = publishSchemas(registry)
  const connect = () => {
    const wire = new TestWire(schemas, null)
    return new Peer(wire, door.accept(wire))
  }

  function read<Value>(
    { name, message }: Told,
    value: (message: Told['message']) => Value,
  ): DoorAnswer<Value> {
    if (name !== 'system/failure') return { ok: true, value: value(message) }
    return {
      ok: false,
      code: String(message['code']),
      reason: message['why'] as string | undefined,
    }
  }

  /** Logs a connection in, and asks there. */
  async function within<Value>(
    token: string,
    [name, command]: readonly [string, object],
    value: (message: Told['message']) => Value,
  ): Promise<DoorAnswer<Value>> {
    const peer = connect()
    const login = await peer.ask('auth/login', { token, user_agent: 'case' }, { details: true })
    if (login.name === 'system/failure') return read(login, value)
    const told = await peer.ask(name, command, { details: true })
    peer.receiver.closed()
    return read(told, value)
  }

  // A renewal wants both codes.
  const tokenOf = new Map<string, string>()
  let last = ''
  const begun = (message: Told['message']): DoorLogin => {
    const { identifier_code: token, renewal_code: renewal, user_id } = message['token'] as Token
    tokenOf.set(renewal, token)
    last = token
    const sessionId = angenCodec.parse(token)?.id ?? ''
    return { token, renewal, actorId: user_id, sessionId }
  }
  const nothing = () => null
  const idOf = (part: unknown) => (part as { id: string }).id
  return {
    authority,
    clock,
    async register(name, password) {
      const email = `someone${Math.random()}@example.org`
      const told = await connect().ask(
        'account/register',
        { name, password, email },
        { details: true },
      )
      return read(told, ({ user }) => idOf(user))
    },
    async login(name, password) {
      const given = { name, password, user_agent: 'case' }
      return read(await connect().ask('auth/get_token', given, { details: true }), begun)
    },
    whoAmI: (token) =>
      within(token, ['sessions/current', {}], ({ session, user }) => ({
        sessionId: idOf(session),
        actorId: idOf(user),
      })),
    async logout(token) {
      const mine = await within(token, ['sessions/current', {}], ({ session }) => idOf(session))
      if (!mine.ok) return mine
      return within(token, ['sessions/revoke', { id: mine.value }], nothing)
    },
    list: (token) =>
      within(token, ['sessions/list', {}], (told) => ({
        ids: (told['sessions'] as unknown[]).map(idOf),
        told,
      })),
    end: (token, id) => within(token, ['sessions/revoke', { id }], nothing),
    endOthers: (token) => within(token, ['sessions/revoke_others', {}], nothing),
    async renew(renewal_code) {
      const codes = { identifier_code: tokenOf.get(renewal_code) ?? last, renewal_code }
      return read(await connect().ask('auth/renew', codes, { details: true }), begun)
    },
    changePassword: (token, current_password, new_password) =>
      within(token, ['account/change_password', { current_password, new_password }], nothing),
  }
}

for (const { name, needs = [], run } of doorCases) {
  test(`angen: ${name}`, async (context) => {
    const subject = await overAngen()
    const missing = needs.filter((ability) => subject[ability] === undefined)
    if (missing.length > 0) context.skip(`the door has no ${missing.join(', ')}`)
    else await run(subject)
    await subject.authority.close()
  })
}
