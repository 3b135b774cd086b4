import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  DAY,
  granted,
  logIn,
  openFixture,
  PASSWORD,
  refused,
} from '../../../../test/support/authority.ts'

const ADA = { name: 'Ada', password: PASSWORD }

test('a closed registration refuses everybody, with an invitation too, but not what the application vouches for', async (t) => {
  const { authority } = await openFixture(t)
  const { code } = granted(await authority.actors.invite())
  await authority.settings.set('registration', 'closed')
  refused(await authority.actors.register(ADA), 'access_denied')
  refused(await authority.actors.register({ ...ADA, invitation: code }), 'access_denied')
  refused(await authority.actors.invite(), 'access_denied')
  granted(await authority.actors.register({ ...ADA, vouched: true }))
})

test('an invitation registers one actor, with its roles', async (t) => {
  const { authority } = await openFixture(t, { settings: { registration: 'invite' } })
  refused(await authority.actors.register(ADA), 'access_denied')
  refused(await authority.actors.register({ ...ADA, invitation: 'x' }), 'credentials_invalid')
  const { code, expiresAt } = granted(await authority.actors.invite({ roles: ['user', 'editor'] }))
  assert.match(code, /^[0-9A-Za-z]{22}$/)
  assert.equal(expiresAt, authority.now() + 7 * DAY)
  const { actor } = granted(await authority.actors.register({ ...ADA, invitation: code }))
  assert.deepEqual(actor.roles, ['user', 'editor'])
  const again = { name: 'Eve', password: PASSWORD, invitation: code }
  refused(await authority.actors.register(again), 'credentials_invalid')
})

test('of many simultaneous registrations with one invitation on two nodes exactly one succeeds', async (t) => {
  const here = await openFixture(t, { settings: { registration: 'invite' } })
  const there = await here.addNode({ settings: { registration: 'invite' } })
  const { code } = granted(await here.authority.actors.invite())
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, (_, at) =>
      (at % 2 ? here : there).authority.actors.register({
        name: `name-${at}`,
        password: PASSWORD,
        invitation: code,
      }),
    ),
  )
  assert.equal(outcomes.filter(({ ok }) => ok).length, 1)
})

test('an invitation stays valid if the registration with it is refused, and until it expires', async (t) => {
  const { authority, clock } = await openFixture(t, { settings: { registration: 'invite' } })
  const { code } = granted(await authority.actors.invite())
  const other = granted(await authority.actors.invite())
  await authority.actors.register({ ...ADA, invitation: other.code })
  refused(await authority.actors.register({ ...ADA, invitation: code }), 'identity_taken')
  granted(await authority.actors.checkCode({ purpose: 'invitation', code }))
  clock.advance(7 * DAY)
  const late = { name: 'Eve', password: PASSWORD, invitation: code }
  refused(await authority.actors.register(late), 'credentials_invalid')
  refused(await authority.actors.checkCode({ purpose: 'invitation', code }), 'credentials_invalid')
})

test('a code of one purpose is no code of another', async (t) => {
  const { authority } = await openFixture(t, { settings: { registration: 'invite' } })
  const { code } = granted(await authority.actors.invite())
  const actor = granted(await authority.actors.register({ ...ADA, vouched: true })).actor
  const reset = granted(await authority.credentials.createPasswordReset(actor.id))
  refused(
    await authority.credentials.usePasswordReset({ code, password: 'another river stone' }),
    'credentials_invalid',
  )
  refused(
    await authority.actors.register({ name: 'E', password: PASSWORD, invitation: reset.code }),
    'credentials_invalid',
  )
  refused(
    await authority.actors.claim({ code, name: 'Eve', password: PASSWORD }),
    'credentials_invalid',
  )
})

test('no stored document contains a code', async (t) => {
  const { authority, tap } = await openFixture(t)
  const stored: string[] = []
  tap.intercept('documents.save', (proceed, args) => {
    stored.push(JSON.stringify(args))
    return proceed()
  })
  const actor = await addActor(authority, 'ada')
  const codes = [
    granted(await authority.actors.invite()).code,
    granted(await authority.credentials.createPasswordReset(actor.id)).code,
    await authority.actors.createClaimCode(),
  ]
  for (const code of codes) assert.ok(stored.every((text) => !text.includes(code ?? '')))
  await logIn(authority, 'ada')
})

test('the codes of an administrator end with its administration, its password and its sessions', async (t) => {
  const { authority } = await openFixture(t)
  const { actors, credentials } = authority
  const ends: Record<string, (id: string) => Promise<unknown>> = {
    demoted: (id) => actors.setRoles(id, ['user']),
    suspended: (id) => actors.suspend(id),
    deleted: (id) => actors.delete(id),
    'password changed': (id) => credentials.resetPassword({ actorId: id, next: 'a third stone' }),
    'all sessions ended': (id) => authority.sessions.end({ owner: id, raiseEpoch: true }),
    'locked all': () => authority.sessions.lockAll(),
  }
  await addActor(authority, 'keeper', ['admin'])
  const ada = await addActor(authority, 'ada')
  for (const [name, end] of Object.entries(ends)) {
    const { id } = await addActor(authority, name, ['admin'])
    const invited = granted(await actors.invite({ roles: ['admin'] }, { by: id }))
    const reset = granted(await credentials.createPasswordReset(ada.id, { by: id }))
    granted(await actors.checkCode({ purpose: 'invitation', code: invited.code }))
    granted(await actors.checkCode({ purpose: 'password-reset', code: reset.code }))
    await end(id)
    for (const code of [
      { purpose: 'invitation', code: invited.code },
      { purpose: 'password-reset', code: reset.code },
    ] as const) {
      assert.equal((await actors.checkCode(code)).ok, false, name)
    }
  }
})
