import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  DAY,
  granted,
  logIn,
  openFixture,
  PASSWORD,
  reasonOf,
  refused,
} from '../../../../test/support/authority.ts'

const NEXT = 'another river stone'

test('a reset code sets the password that its holder chooses, once, and ends all sessions', async (t) => {
  const { authority } = await openFixture(t)
  const { id } = await addActor(authority, 'ada')
  const { token } = await logIn(authority, 'ada')
  const { code, expiresAt } = granted(await authority.credentials.createPasswordReset(id))
  assert.equal(expiresAt, authority.now() + DAY)
  granted(await authority.actors.checkCode({ purpose: 'password-reset', code }))
  granted(await authority.credentials.usePasswordReset({ code, password: NEXT }))
  assert.equal(await reasonOf(authority, token), 'password_changed')
  refused(await authority.login({ identity: 'ada', password: PASSWORD }), 'credentials_invalid')
  await logIn(authority, 'ada', { password: NEXT })
  refused(
    await authority.credentials.usePasswordReset({ code, password: NEXT }),
    'credentials_invalid',
  )
})

test('a reset code is not valid after a newer one, a changed password, its time or the deletion of the actor', async (t) => {
  const { authority, clock } = await openFixture(t)
  const { id } = await addActor(authority, 'ada')
  const make = async () => granted(await authority.credentials.createPasswordReset(id)).code
  const use = (code: string) => authority.credentials.usePasswordReset({ code, password: NEXT })
  const older = await make()
  const newer = await make()
  refused(await use(older), 'credentials_invalid')
  granted(
    await authority.credentials.changePassword({
      actorId: id,
      currentPassword: PASSWORD,
      next: 'the third river stone',
    }),
  )
  refused(await use(newer), 'credentials_invalid')
  const late = await make()
  clock.advance(DAY)
  refused(await use(late), 'credentials_invalid')
  const gone = await make()
  granted(await authority.actors.delete(id))
  refused(await use(gone), 'credentials_invalid')
  refused(await authority.credentials.createPasswordReset(id), 'not_found')
})

test('a refused password leaves a reset code valid, and the throttle of the actor is lifted', async (t) => {
  const { authority } = await openFixture(t)
  const { id } = await addActor(authority, 'ada')
  for (let at = 0; at < 5; at++) await authority.login({ identity: 'ada', password: 'wrong' })
  refused(await authority.login({ identity: 'ada', password: PASSWORD }), 'throttled')
  const { code } = granted(await authority.credentials.createPasswordReset(id))
  refused(
    await authority.credentials.usePasswordReset({ code, password: 'short' }),
    'password_refused',
  )
  granted(await authority.credentials.usePasswordReset({ code, password: NEXT }))
  await logIn(authority, 'ada', { password: NEXT })
})

test('of many simultaneous uses of one reset code exactly one sets the password', async (t) => {
  const here = await openFixture(t)
  const there = await here.addNode()
  const { id } = await addActor(here.authority, 'ada')
  const { code } = granted(await here.authority.credentials.createPasswordReset(id))
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, (_, at) =>
      (at % 2 ? here : there).authority.credentials.usePasswordReset({
        code,
        password: `${NEXT} ${at}`,
      }),
    ),
  )
  assert.equal(outcomes.filter(({ ok }) => ok).length, 1)
})

test('wrong reset codes are counted by address', async (t) => {
  const { authority } = await openFixture(t)
  const client = { address: '203.0.113.9' }
  const use = () =>
    authority.credentials.usePasswordReset({ code: 'wrong', password: NEXT }, client)
  for (let at = 0; at < 20; at++) refused(await use(), 'credentials_invalid')
  refused(await use(), 'throttled')
})
