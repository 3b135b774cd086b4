import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAuthority } from 'latchkey'
import { createHandler } from 'latchkey/doors/http'
import { memory } from 'latchkey/stores/memory'
import {
  type DoorAnswer,
  type DoorLogin,
  type DoorSubject,
  doorCases,
  fakeClock,
} from 'latchkey/testing'

interface Told {
  readonly code?: string
  readonly reason?: string
  readonly token?: string
  readonly renewal?: string
  readonly session?: { readonly id: string }
  readonly sessions?: readonly { readonly id: string }[]
  readonly actor?: { readonly id: string }
}

/** The HTTP door on a memory store, as a client of it sees it. */
async function overHttp(): Promise<DoorSubject> {
  const clock = fakeClock()
  const authority = await createAuthority({
    store: memory({ clock }),
    passwords: { memoryKiB: 8, passes: 1 },
    pruneEveryMs: 0,
  })
  const handler = createHandler(authority, { onError: (error) => assert.fail(String(error)) })

  async function ask<Value>(
    what: string,
    { body, token }: { body?: unknown; token?: string },
    read: (told: Told) => Value,
  ): Promise<DoorAnswer<Value>> {
    const [method = '', path = ''] = what.split(' ')
    const headers = new Headers(body === undefined ? {} : { 'content-type': 'application/json' })
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    const response = await handler(new Request(`http://localhost${path}`, init))
    const text = await response.text()
    const told = (text === '' ? {} : JSON.parse(text)) as Told
    if (response.ok) return { ok: true, value: read(told) }
    return { ok: false, code: told.code ?? '', reason: told.reason }
  }

  const login = (told: Told): DoorLogin => ({
    token: told.token ?? '',
    sessionId: told.session?.id ?? '',
    actorId: told.actor?.id ?? '',
    renewal: told.renewal,
  })
  const nothing = () => null
  return {
    authority,
    clock,
    register: (name, password) =>
      ask('POST /v1/actors', { body: { name, password } }, (told) => told.actor?.id ?? ''),
    login: (identity, password) =>
      ask('POST /v1/sessions', { body: { identity, password } }, login),
    whoAmI: (token) =>
      ask('GET /v1/session', { token }, (told) => ({
        sessionId: told.session?.id ?? '',
        actorId: told.actor?.id ?? '',
      })),
    logout: (token) => ask('DELETE /v1/session', { token }, nothing),
    list: (token) =>
      ask('GET /v1/sessions', { token }, (told) => ({
        ids: (told.sessions ?? []).map(({ id }) => id),
        told,
      })),
    end: (token, id) => ask(`DELETE /v1/sessions/${id}`, { token }, nothing),
    endOthers: (token) => ask('DELETE /v1/sessions?except=current', { token }, nothing),
    renew: (renewal) => ask('POST /v1/session/renew', { body: { renewal } }, login),
    stepUp: (token, password) =>
      ask('POST /v1/session/step-up', { body: { password }, token }, login),
    changePassword: (token, current, next) =>
      ask('POST /v1/password', { body: { current, next }, token }, nothing),
  }
}

const DOORS: Readonly<Record<string, () => Promise<DoorSubject>>> = { http: overHttp }

for (const [door, open] of Object.entries(DOORS)) {
  for (const { name, needs = [], run } of doorCases) {
    test(`${door}: ${name}`, async (context) => {
      const subject = await open()
      const missing = needs.filter((ability) => subject[ability] === undefined)
      if (missing.length > 0) context.skip(`the door has no ${missing.join(', ')}`)
      else await run(subject)
      await subject.authority.close()
    })
  }
}
