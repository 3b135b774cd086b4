import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import {
  addActor,
  CHEAP,
  granted,
  openFixture,
  PASSWORD,
  refused,
} from '../../../../test/support/authority.ts'
import { deriveArgon2 } from '../../credential/password/argon2.ts'
import type { LoginRequest } from './login.ts'

test('an actor can log in by id, with the same session as by name', async (t) => {
  const { authority } = await openFixture(t)
  const ada = await addActor(authority, 'Ada')
  const request = { actorId: ada.id, password: PASSWORD, profile: 'device' } as const
  const login = granted(await authority.login(request))
  assert.deepEqual([login.actor.id, login.session.profile], [ada.id, 'device'])
  assert.equal(granted(await authority.credentials.verifyLogin(request)).actor.id, ada.id)
})

test('an unknown or malformed id gets the answer and the work of a wrong password', async (t) => {
  const work = { done: 0 }
  const derive = (input: Parameters<typeof deriveArgon2>[0]) => {
    work.done++
    return deriveArgon2(input)
  }
  const { authority } = await openFixture(t, { passwords: { ...CHEAP, derive } })
  const ada = await addActor(authority, 'Ada')
  const byName = await authority.login({ identity: 'unknown', password: PASSWORD })
  const strange = ['', 'ada', '\u0000', "' OR 1=1", ada.id.toUpperCase(), 'x'.repeat(100_000)]
  for (const actorId of [randomUUID(), ...strange]) {
    work.done = 0
    assert.deepEqual(await authority.login({ actorId, password: PASSWORD }), byName)
    assert.equal(work.done, 1, actorId.slice(0, 40))
  }
  assert.deepEqual(await authority.login({ actorId: ada.id, password: 'wrong' }), byName)
  const { items } = await authority.audit.list({ act: 'login', limit: 100 })
  assert.ok(!JSON.stringify(items).includes('OR 1=1'))
})

test('a login must name its actor exactly once', async (t) => {
  const { authority } = await openFixture(t)
  const { id } = await addActor(authority, 'Ada')
  for (const who of [{}, { identity: 'ada', actorId: id }]) {
    const request = { ...who, password: PASSWORD } as unknown as LoginRequest
    refused(await authority.login(request), 'invalid_request')
    refused(await authority.credentials.verifyLogin(request), 'invalid_request')
  }
})

test('failures by id and by name share one counter', async (t) => {
  const { authority } = await openFixture(t)
  const { id } = await addActor(authority, 'Ada')
  const names = [{ identity: 'ada' }, { actorId: id }]
  for (let at = 0; at < 5; at++) {
    const request = { ...names[at % 2], password: 'wrong' } as LoginRequest
    refused(await authority.login(request), 'credentials_invalid')
  }
  for (const name of names) {
    const request = { ...name, password: PASSWORD } as LoginRequest
    refused(await authority.login(request), 'throttled')
  }
})

test('an unknown id is throttled with its own counter, and so reveals nothing', async (t) => {
  const { authority } = await openFixture(t)
  const [one, other] = [randomUUID(), randomUUID()]
  for (let at = 0; at < 5; at++) {
    refused(await authority.login({ actorId: one, password: 'x' }), 'credentials_invalid')
  }
  refused(await authority.login({ actorId: one, password: 'x' }), 'throttled')
  refused(await authority.login({ actorId: other, password: 'x' }), 'credentials_invalid')
})

test('guards see the named actor, and suspension is reported only for the right password', async (t) => {
  const seen: unknown[] = []
  const guard = {
    when: 'before' as const,
    check: ({ identity, actor }: { identity: string; actor: { id: string } | null }) => {
      seen.push([identity, actor?.id ?? null])
    },
  }
  const { authority } = await openFixture(t, { guards: [guard] })
  const { id } = await addActor(authority, 'Ada')
  await authority.actors.suspend(id)
  refused(await authority.login({ actorId: id, password: 'wrong' }), 'credentials_invalid')
  refused(await authority.login({ actorId: id, password: PASSWORD }), 'actor_suspended')
  refused(await authority.login({ actorId: 'unknown', password: 'x' }), 'credentials_invalid')
  assert.deepEqual(seen, [
    [id, id],
    [id, id],
    ['unknown', null],
  ])
})
