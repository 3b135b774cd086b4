import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import {
  addActor,
  check,
  granted,
  logIn,
  MINUTE,
  openFixture,
  PASSWORD,
  reasonOf,
  refused,
  type TestFixture,
} from '../../../../test/support/authority.ts'
import { LatchkeyError } from '../../errors.ts'
import { JWT_FORMAT, jwtCodec } from '../../token/jwt-codec.ts'
import type { PolledDevice, StartedDevice } from './device.ts'
import { createUserCode, userCodeKey } from './device-grant.ts'

const SECOND = 1000
const DEVICE = { address: '198.51.100.7', userAgent: 'kettle/1', door: 'grpc' }

async function openDevices(t: TestContext): Promise<TestFixture> {
  const fixture = await openFixture(t, { codecs: [jwtCodec()] })
  await addActor(fixture.authority, 'Ada')
  return fixture
}

async function start({ authority }: Pick<TestFixture, 'authority'>): Promise<StartedDevice> {
  return granted(await authority.devices.start({ client: 'kettle' }, DEVICE))
}

async function adaOf({ authority }: Pick<TestFixture, 'authority'>) {
  return check(authority, (await logIn(authority, 'ada')).token)
}

function loginOf(polled: PolledDevice) {
  assert.ok(polled.state === 'approved', polled.state)
  return polled.login
}

test('an approved device gets one session of the approving actor', async (t) => {
  const fixture = await openDevices(t)
  const { authority, clock } = fixture
  const { deviceCode, userCode, expiresAt, intervalMs } = await start(fixture)
  assert.match(deviceCode, /^lkd_[0-9A-Za-z]{43}$/)
  assert.match(userCode, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
  assert.deepEqual([expiresAt, intervalMs], [clock.now() + 10 * MINUTE, 5 * SECOND])
  assert.deepEqual(granted(await authority.devices.poll(deviceCode)), {
    ok: true,
    state: 'pending',
    intervalMs: 5 * SECOND,
  })
  clock.advance(MINUTE)
  const ada = await adaOf(fixture)
  const asked = granted(await authority.devices.find(ada, ` ${userCode.toLowerCase()} `))
  assert.deepEqual(asked.device, {
    address: DEVICE.address,
    userAgent: DEVICE.userAgent,
    label: 'kettle',
    profile: 'agent',
    roles: null,
    startedAt: clock.now() - MINUTE,
    expiresAt,
  })
  granted(await authority.devices.approve(ada, userCode.replace('-', '')))
  clock.advance(MINUTE)
  const polled = await authority.devices.poll(deviceCode, { format: JWT_FORMAT }, DEVICE)
  const { token, session, actor } = loginOf(granted(polled))
  assert.equal(actor.id, ada.actor.id)
  assert.deepEqual([session.profile, session.door], ['agent', 'grpc'])
  assert.equal(session.authenticatedAt, clock.now() - MINUTE, 'proved when the approver was')
  await check(authority, token)
  refused(await authority.devices.poll(deviceCode), 'not_found')
  refused(await authority.devices.find(ada, userCode), 'not_found')
  const listed = await authority.sessions.list({ owner: actor.id })
  assert.equal(listed.items.find(({ id }) => id === session.id)?.client.label, 'kettle')
})

test('of many simultaneous polls on two nodes exactly one succeeds', async (t) => {
  const here = await openDevices(t)
  const there = await here.addNode()
  const { deviceCode, userCode } = await start(here)
  granted(await here.authority.devices.approve(await adaOf(here), userCode))
  const polls = await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      (at % 2 ? here : there).authority.devices.poll(deviceCode),
    ),
  )
  assert.equal(polls.filter(({ ok }) => ok).length, 1)
  for (const poll of polls.filter(({ ok }) => !ok)) refused(poll, 'not_found')
})

test('of concurrent approvals and denials exactly one succeeds', async (t) => {
  const fixture = await openDevices(t)
  const { authority, tap } = fixture
  const { deviceCode, userCode } = await start(fixture)
  const ada = await adaOf(fixture)
  const held = tap.hold('documents.save', 'before')
  const approving = authority.devices.approve(ada, userCode)
  await held.reached
  granted(await authority.devices.deny(ada, userCode))
  held.release()
  refused(await approving, 'not_found')
  refused(await authority.devices.poll(deviceCode), 'access_denied')
  refused(await authority.devices.approve(ada, userCode), 'not_found')
  const { items } = await authority.audit.list({ limit: 100 })
  assert.equal(items.filter(({ act }) => act === 'device_denied').length, 1)
  assert.equal(items.filter(({ act }) => act === 'device_approved').length, 0)
})

test('a device that polls too often must wait longer each time, up to a minute', async (t) => {
  const fixture = await openDevices(t)
  const { authority, clock, tap } = fixture
  const { deviceCode, userCode } = await start(fixture)
  const poll = async () => {
    const { state, ...rest } = granted(await authority.devices.poll(deviceCode))
    return `${state} ${'intervalMs' in rest ? rest.intervalMs / SECOND : ''}`
  }
  assert.equal(await poll(), 'pending 5')
  assert.equal(await poll(), 'slow_down 10')
  clock.advance(10 * SECOND - 1)
  assert.equal(await poll(), 'slow_down 15')
  clock.advance(15 * SECOND)
  assert.equal(await poll(), 'pending 15')
  for (let at = 0; at < 20; at++) await poll()
  assert.equal(await poll(), 'slow_down 60')
  tap.reset()
  for (let at = 0; at < 20; at++) await poll()
  assert.equal(tap.count('documents.save'), 0)
  granted(await authority.devices.approve(await adaOf(fixture), userCode))
  assert.equal(await poll(), 'approved ')
})

test('early polls do not make the polls after them early', async (t) => {
  const fixture = await openDevices(t)
  const { authority, clock } = fixture
  const { deviceCode } = await start(fixture)
  const states: string[] = []
  for (let second = 0; second < 70; second += 4) {
    states.push(granted(await authority.devices.poll(deviceCode)).state)
    clock.advance(4 * SECOND)
  }
  // The wait grows to a minute and is counted from the last poll that was in time.
  assert.deepEqual(
    states.map((state, at) => (state === 'pending' ? at * 4 : -1)).filter((at) => at >= 0),
    [0, 60],
  )
})

test('codes are valid for exactly ten minutes, approved or not', async (t) => {
  const fixture = await openDevices(t)
  const { authority, clock } = fixture
  const [first, second] = [await start(fixture), await start(fixture)]
  granted(await authority.devices.poll(first.deviceCode))
  clock.advance(10 * MINUTE - 1)
  const ada = await adaOf(fixture)
  granted(await authority.devices.approve(ada, first.userCode))
  granted(await authority.devices.find(ada, second.userCode))
  clock.advance(1)
  for (const { deviceCode, userCode } of [first, second]) {
    const poll = await authority.devices.poll(deviceCode)
    refused(poll, 'not_found')
    assert.equal(poll.ok || poll.reason, 'expired')
    refused(await authority.devices.find(ada, userCode), 'not_found')
  }
  clock.advance(10 * MINUTE)
  const forgotten = await authority.devices.poll(first.deviceCode)
  assert.deepEqual([forgotten.ok, 'reason' in forgotten], [false, false])
  await authority.prune()
  const left = [...fixture.engine.tables.documents.keys()].filter((key) => key.startsWith('device'))
  assert.deepEqual(left, [])
})

test('a change that withdraws a login in progress withdraws an approval', async (t) => {
  const fixture = await openDevices(t)
  const { authority } = fixture
  const changePassword = (actorId: string) =>
    authority.credentials.changePassword({
      actorId,
      currentPassword: PASSWORD,
      next: PASSWORD,
      sessions: 'keep',
    })
  const acts: ((actorId: string) => Promise<unknown>)[] = [
    changePassword,
    (actorId) => authority.actors.suspend(actorId).then(() => authority.actors.restore(actorId)),
    () => authority.sessions.lockAll(),
    (actorId) => authority.actors.suspend(actorId),
  ]
  for (const act of acts) {
    const { deviceCode, userCode } = await start(fixture)
    const ada = await adaOf(fixture)
    granted(await authority.devices.approve(ada, userCode))
    await act(ada.actor.id)
    refused(await authority.devices.poll(deviceCode), 'access_denied')
    refused(await authority.devices.poll(deviceCode), 'not_found')
  }
})

test('a suspension in a directory that sends no notification counts too', async (t) => {
  const fixture = await openDevices(t)
  const { authority, tap } = fixture
  const { deviceCode, userCode } = await start(fixture)
  granted(await authority.devices.approve(await adaOf(fixture), userCode))
  tap.intercept('directory.find', async (proceed) => {
    const found = (await proceed()) as { actor: object }
    return { ...found, actor: { ...found.actor, status: 'suspended' } }
  })
  refused(await authority.devices.poll(deviceCode), 'access_denied')
})

test('a session that ends during its approval approves nothing', async (t) => {
  const fixture = await openDevices(t)
  const { authority } = fixture
  const { deviceCode, userCode } = await start(fixture)
  const ada = await adaOf(fixture)
  await authority.sessions.end({ id: ada.session.id })
  refused(await authority.devices.approve(ada, userCode), 'session_revoked')
  assert.equal(granted(await authority.devices.poll(deviceCode)).state, 'pending')
})

test('only a session with a recent proof that is not an impersonation may look up, approve and deny', async (t) => {
  const fixture = await openDevices(t)
  const { authority, clock } = fixture
  const eve = await addActor(authority, 'Eve')
  await addActor(authority, 'Sam', ['impersonate'])
  const sam = await check(authority, (await logIn(authority, 'sam')).token)
  const acting = granted(await authority.sessions.impersonate(sam, eve.id))
  const anonymous = granted(await authority.sessions.loginAnonymous({ roles: ['*'] }))
  const stale = await adaOf(fixture)
  const { userCode } = await start(fixture)
  for (const [token, code] of [
    [acting.token, 'access_denied'],
    [anonymous.token, 'access_denied'],
  ] as const) {
    const current = await check(authority, token)
    refused(await authority.devices.find(current, userCode), code)
    refused(await authority.devices.approve(current, userCode), code)
    refused(await authority.devices.deny(current, userCode), code)
  }
  clock.advance(15 * MINUTE)
  const next = await start(fixture)
  refused(await authority.devices.find(stale, next.userCode), 'step_up_required')
  refused(await authority.devices.approve(stale, next.userCode), 'step_up_required')
  refused(await authority.devices.deny(stale, next.userCode), 'step_up_required')
})

test('a device session has at most the roles of the session that approved it', async (t) => {
  const fixture = await openDevices(t)
  const { authority } = fixture
  await addActor(authority, 'Boss', ['user', 'admin'])
  const { token } = await logIn(authority, 'boss', { roles: ['user'] })
  const { deviceCode, userCode } = await start(fixture)
  granted(await authority.devices.approve(await check(authority, token), userCode))
  const { session } = loginOf(granted(await authority.devices.poll(deviceCode)))
  assert.deepEqual(session.roles, ['user'])
})

test('a device may request another allowed profile, and no other', async (t) => {
  const fixture = await openDevices(t)
  const { authority } = fixture
  refused(await authority.devices.start({ profile: 'game' as 'web' }), 'invalid_request')
  const { deviceCode, userCode } = granted(await authority.devices.start({ profile: 'device' }))
  granted(await authority.devices.approve(await adaOf(fixture), userCode))
  refused(await authority.devices.poll(deviceCode, { format: 'none' }), 'invalid_request')
  const login = loginOf(granted(await authority.devices.poll(deviceCode)))
  assert.equal(login.session.profile, 'device')
  assert.ok(login.renewal !== null)
})

test('a guard runs before a device gets its session', async (t) => {
  const seen: unknown[] = []
  const { authority } = await openFixture(t, {
    guards: [
      {
        when: 'after',
        check({ actor, profile, source }) {
          seen.push([actor?.name, profile, source.address])
          if (profile === 'agent') throw new LatchkeyError('access_denied', 'No agents.')
        },
      },
    ],
  })
  await addActor(authority, 'Ada')
  const { deviceCode, userCode } = await start({ authority })
  granted(await authority.devices.approve(await adaOf({ authority }), userCode))
  refused(await authority.devices.poll(deviceCode, {}, DEVICE), 'access_denied')
  assert.deepEqual(seen.at(-1), ['Ada', 'agent', DEVICE.address])
})

test('wrong codes are counted by actor and by address, and right codes are not', async (t) => {
  const fixture = await openDevices(t)
  const { authority, clock } = fixture
  const ada = await adaOf(fixture)
  const { userCode } = await start(fixture)
  for (let at = 0; at < 10; at++) granted(await authority.devices.find(ada, userCode))
  for (let at = 0; at < 5; at++) {
    refused(await authority.devices.approve(ada, 'BBBB-BBBB'), 'not_found')
  }
  refused(await authority.devices.find(ada, userCode), 'throttled')
  clock.advance(SECOND)
  granted(await authority.devices.find(ada, userCode))
  const here = { address: '192.0.2.9' }
  for (let at = 0; at < 20; at++) {
    await addActor(authority, `Eve ${at}`)
    const eve = await check(authority, (await logIn(authority, `eve ${at}`)).token)
    refused(await authority.devices.deny(eve, 'nonsense', here), 'not_found')
  }
  refused(await authority.devices.find(ada, userCode, here), 'throttled')
  await logIn(authority, 'ada')
})

test('the device logins that an address starts in a minute are limited', async (t) => {
  const { authority } = await openDevices(t)
  for (let at = 0; at < 20; at++) granted(await authority.devices.start({}, DEVICE))
  refused(await authority.devices.start({}, DEVICE), 'throttled')
  granted(await authority.devices.start({}, { address: '192.0.2.1' }))
})

test('only hashes of the codes are stored, and the audit trail contains none', async (t) => {
  const fixture = await openDevices(t)
  const { authority, engine } = fixture
  const { deviceCode, userCode } = await start(fixture)
  granted(await authority.devices.approve(await adaOf(fixture), userCode))
  const stored = JSON.stringify([
    [...engine.tables.documents],
    await authority.audit.list({ limit: 99 }),
  ])
  const plain = userCode.replace('-', '')
  for (const secret of [deviceCode, deviceCode.slice(4), userCode, plain]) {
    assert.ok(!stored.includes(secret))
  }
})

test('a typed code is accepted in any case, with or without hyphen and spaces, and no other text is', () => {
  const fixture = { hashIdentity: (text: string) => text } as never
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 12 }),
      fc.constantFrom('', ' ', '-', ' - '),
      (at, gap) => {
        const code = createUserCode()
        const typed = (code.slice(0, at) + gap + code.slice(at)).toLowerCase()
        assert.equal(userCodeKey(fixture, typed), userCodeKey(fixture, code))
      },
    ),
  )
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), (text) => {
      if (!/^[B-Z\s-]+$/i.test(text)) assert.equal(userCodeKey(fixture, text), null)
    }),
  )
})

test('the session of a device ends like any other', async (t) => {
  const fixture = await openDevices(t)
  const { authority } = fixture
  const { deviceCode, userCode } = await start(fixture)
  granted(await authority.devices.approve(await adaOf(fixture), userCode))
  const { token, session } = loginOf(granted(await authority.devices.poll(deviceCode)))
  await authority.sessions.end({ owner: session.owner })
  assert.equal(await reasonOf(authority, token), 'revoked')
})

test('an approval ends when the approving session expires, and not by its step-up', async (t) => {
  const settings = { 'profile.web.idleMs': MINUTE } as const
  const fixture = await openFixture(t, { codecs: [jwtCodec()], settings })
  const { authority, clock } = fixture
  await addActor(authority, 'Ada')
  const ada = await adaOf(fixture)
  const [kept, lost] = [await start(fixture), await start(fixture)]
  for (const { userCode } of [kept, lost]) granted(await authority.devices.approve(ada, userCode))
  granted(await authority.stepUp(ada, { password: PASSWORD }))
  loginOf(granted(await authority.devices.poll(kept.deviceCode)))
  clock.advance(MINUTE)
  refused(await authority.devices.poll(lost.deviceCode), 'access_denied')
})

test('a session that a device fetches while the approving session ends is ended too', async (t) => {
  const fixture = await openDevices(t)
  const { authority, tap } = fixture
  const ada = await adaOf(fixture)
  const { userCode, deviceCode } = await start(fixture)
  granted(await authority.devices.approve(ada, userCode))
  const held = tap.hold('sessions.create', 'before')
  const polling = authority.devices.poll(deviceCode)
  await held.reached
  await authority.logout(ada)
  held.release()
  refused(await polling, 'access_denied')
  assert.equal(await authority.sessions.count({ owner: ada.actor.id }), 0)
})
