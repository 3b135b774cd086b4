import { test } from 'node:test'
import { type DoorAnswer, type DoorLogin, type DoorSubject, doorCases } from 'latchkey/testing'
import { type LoginResponse, Sessions } from '../src/protocol/grpc/index.ts'
import { type Answer, createFixture } from './support/grpc-door.ts'

type Json = Readonly<Record<string, unknown>>

/** The gRPC door on a memory store, as a client of it sees it. */
async function overGrpc(): Promise<DoorSubject & { close(): Promise<void> }> {
  const fixture = await createFixture()
  const { authority, clock, client } = fixture

  async function read<From, Value>(
    asked: Promise<Answer<From>>,
    as: (value: From) => Value,
  ): Promise<DoorAnswer<Value>> {
    const answer = await asked
    if (answer.ok) return { ok: true, value: as(answer.value) }
    return { ok: false, code: answer.code ?? answer.status, reason: answer.reason }
  }
  const loggedIn = ({ token, renewal, session, actor }: LoginResponse): DoorLogin => ({
    token,
    sessionId: session?.id ?? '',
    actorId: actor?.id ?? '',
    renewal,
  })
  const command = <Value>(
    name: string,
    params: Json,
    token: string | undefined,
    as: (value: Json) => Value,
  ) =>
    read(
      client.call(Sessions, 'command', { name, params: JSON.stringify(params) }, { token }),
      ({ result }) => as(JSON.parse(result)),
    )
  const idOf = (value: unknown) => (value as { readonly id: string }).id
  const nothing = () => null
  return {
    authority,
    clock,
    close: () => fixture.close(),
    register: (name, password) =>
      command('actors.create', { name, password }, undefined, ({ actor }) => idOf(actor)),
    login: (identity, password) =>
      read(client.call(Sessions, 'login', { identity, password }), loggedIn),
    whoAmI: (token) =>
      read(client.call(Sessions, 'whoAmI', {}, { token }), ({ session, actor }) => ({
        sessionId: session?.id ?? '',
        actorId: actor?.id ?? '',
      })),
    logout: (token) => read(client.call(Sessions, 'revoke', {}, { token }), nothing),
    list: (token) =>
      read(client.call(Sessions, 'list', {}, { token }), ({ sessions }) => ({
        ids: sessions.map(({ id }) => id),
        told: sessions.map((session) => Object.values(session).map(String)),
      })),
    end: (token, sessionId) =>
      read(client.call(Sessions, 'revoke', { sessionId }, { token }), nothing),
    endOthers: (token) => read(client.call(Sessions, 'revokeOthers', {}, { token }), nothing),
    renew: (renewal) => read(client.call(Sessions, 'renew', { renewal }), loggedIn),
    stepUp: (token, password) =>
      command('session.stepUp', { password }, token, (value) => ({
        token: String(value['token']),
        sessionId: idOf(value['session']),
        actorId: idOf(value['actor']),
      })),
    changePassword: (token, current, next) =>
      command('password.change', { current, next }, token, nothing),
  }
}

for (const { name, needs = [], run } of doorCases) {
  test(`grpc: ${name}`, async (context) => {
    const subject = await overGrpc()
    const missing = needs.filter((ability) => subject[ability] === undefined)
    if (missing.length > 0) context.skip(`the door has no ${missing.join(', ')}`)
    else await run(subject)
    await subject.close()
  })
}
