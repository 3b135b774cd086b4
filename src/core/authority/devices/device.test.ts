import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { JWT_FORMAT, jwtCodec } from '../../token/jwt-codec.ts'
import { LatchkeyError } from '../../errors.ts'
import type { PolledDevice, StartedDevice } from './device.ts'
import { createUserCode, userCodeKey } from './device-grant.ts'
import {
  addActor,
  check,
  granted,
  logIn,
  MINUTE,
  openHouse,
  PASSWORD,
  reasonOf,
  refused,
  type TestHouse,
} from '../../../../test/support/authority.ts'

const SECOND = 1000
const DEVICE = { address: '198.51.100.7', userAgent: 'kettle/1', door: 'grpc' }

async function openDevices(t: TestContext): Promise<TestHouse> {
  const house = await openHouse(t, { codecs: [jwtCodec()] })
  await addActor(house.authority, 'Ada')
  return house
}

async function start({ authority }: Pick<TestHouse, 'authority'>): Promise<StartedDevice> {
  return granted(await authority.startDevice({ client: 'kettle' }, DEVICE))
}

async function adaOf({ authority }: Pick<TestHouse, 'authority'>) {
  return check(authority, (await logIn(authority, 'ada')).token)
}

function loginOf(polled: PolledDevice) {
  assert.ok(polled.state === 'approved', polled.state)
  return polled.login
}

test('a device that is approved gets one session of whoever approved', async (t) => {
  const house = await openDevices(t)
  const { authority, clock } = house
  const { deviceCode, userCode, expiresAt, intervalMs } = await start(house)
  assert.match(deviceCode, /^lkd_[0-9A-Za-z]{43}$/)
  assert.match(userCode, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
  assert.deepEqual([expiresAt, intervalMs], [clock.now() + 10 * MINUTE, 5 * SECOND])
  assert.deepEqual(granted(await authority.pollDevice(deviceCode)), {
    ok: true,
    state: 'pending',
    intervalMs: 5 * SECOND,
  })
  clock.advance(MINUTE)
  const ada = await adaOf(house)
  const asked = granted(await authority.findDevice(ada, ` ${userCode.toLowerCase()} `))
  assert.deepEqual(asked.device, {
    address: DEVICE.address,
    userAgent: DEVICE.userAgent,
    label: 'kettle',
    profile: 'agent',
    startedAt: clock.now() - MINUTE,
    expiresAt,
  })
  granted(await authority.approveDevice(ada, userCode.replace('-', '')))
  clock.advance(MINUTE)
  const polled = await authority.pollDevice(deviceCode, { format: JWT_FORMAT }, DEVICE)
  const { token, session, actor } = loginOf(granted(polled))
  assert.equal(actor.id, ada.actor.id)
  assert.deepEqual([session.profile, session.door], ['agent', 'grpc'])
  assert.equal(session.authenticatedAt, clock.now() - MINUTE, 'proved when the approver was')
  await check(authority, token)
  refused(await authority.pollDevice(deviceCode), 'not_found')
  refused(await authority.findDevice(ada, userCode), 'not_found')
  const listed = await authority.listSessions({ owner: actor.id })
  assert.equal(listed.items.find(({ id }) => id === session.id)?.client.label, 'kettle')
})

test('of many polls at once on two nodes one wins', async (t) => {
  const here = await openDevices(t)
  const there = await here.addNode()
  const { deviceCode, userCode } = await start(here)
  granted(await here.authority.approveDevice(await adaOf(here), userCode))
  const polls = await Promise.all(
    Array.from({ length: 20 }, (_, at) => (at % 2 ? here : there).authority.pollDevice(deviceCode)),
  )
  assert.equal(polls.filter(({ ok }) => ok).length, 1)
  for (const poll of polls.filter(({ ok }) => !ok)) refused(poll, 'not_found')
})

test('of those who approve and deny at once one is heard', async (t) => {
  const house = await openDevices(t)
  const { authority, tap } = house
  const { deviceCode, userCode } = await start(house)
  const ada = await adaOf(house)
  const held = tap.hold('documents.save', 'before')
  const approving = authority.approveDevice(ada, userCode)
  await held.reached
  granted(await authority.denyDevice(ada, userCode))
  held.release()
  refused(await approving, 'not_found')
  refused(await authority.pollDevice(deviceCode), 'access_denied')
  refused(await authority.approveDevice(ada, userCode), 'not_found')
  const { items } = await authority.listAudit({ limit: 100 })
  assert.equal(items.filter(({ act }) => act === 'device_denied').length, 1)
  assert.equal(items.filter(({ act }) => act === 'device_approved').length, 0)
})

test('a device that asks too often must wait longer each time, up to a minute', async (t) => {
  const house = await openDevices(t)
  const { authority, clock, tap } = house
  const { deviceCode, userCode } = await start(house)
  const poll = async () => {
    const { state, ...rest } = granted(await authority.pollDevice(deviceCode))
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
  granted(await authority.approveDevice(await adaOf(house), userCode))
  assert.equal(await poll(), 'approved ')
})

test('codes are good for ten minutes, to the instant, approved or not', async (t) => {
  const house = await openDevices(t)
  const { authority, clock } = house
  const [first, second] = [await start(house), await start(house)]
  granted(await authority.pollDevice(first.deviceCode))
  clock.advance(10 * MINUTE - 1)
  const ada = await adaOf(house)
  granted(await authority.approveDevice(ada, first.userCode))
  granted(await authority.findDevice(ada, second.userCode))
  clock.advance(1)
  refused(await authority.pollDevice(first.deviceCode), 'not_found')
  refused(await authority.pollDevice(second.deviceCode), 'not_found')
  refused(await authority.findDevice(ada, second.userCode), 'not_found')
  await authority.prune()
  const left = [...house.engine.tables.documents.keys()].filter((key) => key.startsWith('device'))
  assert.deepEqual(left, [])
})

test('what takes back a login that is under way takes back an approval', async (t) => {
  const house = await openDevices(t)
  const { authority } = house
  const changePassword = (actorId: string) =>
    authority.changePassword({
      actorId,
      currentPassword: PASSWORD,
      next: PASSWORD,
      sessions: 'keep',
    })
  const acts: ((actorId: string) => Promise<unknown>)[] = [
    changePassword,
    (actorId) => authority.suspend(actorId).then(() => authority.restore(actorId)),
    () => authority.lockAll(),
    (actorId) => authority.suspend(actorId),
  ]
  for (const act of acts) {
    const { deviceCode, userCode } = await start(house)
    const ada = await adaOf(house)
    granted(await authority.approveDevice(ada, userCode))
    await act(ada.actor.id)
    refused(await authority.pollDevice(deviceCode), 'access_denied')
    refused(await authority.pollDevice(deviceCode), 'not_found')
  }
})

test('a suspension in a directory that tells nobody counts too', async (t) => {
  const house = await openDevices(t)
  const { authority, tap } = house
  const { deviceCode, userCode } = await start(house)
  granted(await authority.approveDevice(await adaOf(house), userCode))
  tap.intercept('directory.find', async (proceed) => {
    const found = (await proceed()) as { actor: object }
    return { ...found, actor: { ...found.actor, status: 'suspended' } }
  })
  refused(await authority.pollDevice(deviceCode), 'access_denied')
})

test('a session that ends while it approves has approved nothing', async (t) => {
  const house = await openDevices(t)
  const { authority } = house
  const { deviceCode, userCode } = await start(house)
  const ada = await adaOf(house)
  await authority.endSessions({ which: { id: ada.session.id } })
  refused(await authority.approveDevice(ada, userCode), 'session_revoked')
  assert.equal(granted(await authority.pollDevice(deviceCode)).state, 'pending')
})

test('only one’s own session, proved lately, may look, approve and deny', async (t) => {
  const house = await openDevices(t)
  const { authority, clock } = house
  const eve = await addActor(authority, 'Eve')
  await addActor(authority, 'Sam', ['impersonate'])
  const sam = await check(authority, (await logIn(authority, 'sam')).token)
  const acting = granted(await authority.impersonate(sam, eve.id))
  const visitor = granted(await authority.loginAnonymous({ access: ['*'] }))
  const stale = await adaOf(house)
  const { userCode } = await start(house)
  for (const [token, code] of [
    [acting.token, 'access_denied'],
    [visitor.token, 'access_denied'],
  ] as const) {
    const current = await check(authority, token)
    refused(await authority.findDevice(current, userCode), code)
    refused(await authority.approveDevice(current, userCode), code)
    refused(await authority.denyDevice(current, userCode), code)
  }
  clock.advance(15 * MINUTE)
  const next = await start(house)
  refused(await authority.findDevice(stale, next.userCode), 'step_up_required')
  refused(await authority.approveDevice(stale, next.userCode), 'step_up_required')
  refused(await authority.denyDevice(stale, next.userCode), 'step_up_required')
})

test('a device may do no more than the session that approved it', async (t) => {
  const house = await openDevices(t)
  const { authority } = house
  await addActor(authority, 'Boss', ['user', 'admin'])
  const { token } = await logIn(authority, 'boss', { access: ['user'] })
  const { deviceCode, userCode } = await start(house)
  granted(await authority.approveDevice(await check(authority, token), userCode))
  const { session } = loginOf(granted(await authority.pollDevice(deviceCode)))
  assert.deepEqual(session.access, ['user'])
})

test('a device may ask for another profile, and for no one’s but those', async (t) => {
  const house = await openDevices(t)
  const { authority } = house
  refused(await authority.startDevice({ profile: 'game' as 'web' }), 'invalid_request')
  const { deviceCode, userCode } = granted(await authority.startDevice({ profile: 'device' }))
  granted(await authority.approveDevice(await adaOf(house), userCode))
  refused(await authority.pollDevice(deviceCode, { format: 'none' }), 'invalid_request')
  const login = loginOf(granted(await authority.pollDevice(deviceCode)))
  assert.equal(login.session.profile, 'device')
  assert.ok(login.renewal !== null)
})

test('a guard is asked before a device gets its session', async (t) => {
  const seen: unknown[] = []
  const { authority } = await openHouse(t, {
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
  granted(await authority.approveDevice(await adaOf({ authority }), userCode))
  refused(await authority.pollDevice(deviceCode, {}, DEVICE), 'access_denied')
  assert.deepEqual(seen.at(-1), ['Ada', 'agent', DEVICE.address])
})

test('wrong codes are counted by actor and by address, and right ones are not', async (t) => {
  const house = await openDevices(t)
  const { authority, clock } = house
  const ada = await adaOf(house)
  const { userCode } = await start(house)
  for (let at = 0; at < 10; at++) granted(await authority.findDevice(ada, userCode))
  for (let at = 0; at < 5; at++) {
    refused(await authority.approveDevice(ada, 'BBBB-BBBB'), 'not_found')
  }
  refused(await authority.findDevice(ada, userCode), 'throttled')
  clock.advance(SECOND)
  granted(await authority.findDevice(ada, userCode))
  const here = { address: '192.0.2.9' }
  for (let at = 0; at < 20; at++) {
    await addActor(authority, `Eve ${at}`)
    const eve = await check(authority, (await logIn(authority, `eve ${at}`)).token)
    refused(await authority.denyDevice(eve, 'nonsense', here), 'not_found')
  }
  refused(await authority.findDevice(ada, userCode, here), 'throttled')
  await logIn(authority, 'ada')
})

test('an address begins so many device logins a minute', async (t) => {
  const { authority } = await openDevices(t)
  for (let at = 0; at < 20; at++) granted(await authority.startDevice({}, DEVICE))
  refused(await authority.startDevice({}, DEVICE), 'throttled')
  granted(await authority.startDevice({}, { address: '192.0.2.1' }))
})

test('of the codes only hashes are stored, and none is in the trail', async (t) => {
  const house = await openDevices(t)
  const { authority, engine } = house
  const { deviceCode, userCode } = await start(house)
  granted(await authority.approveDevice(await adaOf(house), userCode))
  const stored = JSON.stringify([
    [...engine.tables.documents],
    await authority.listAudit({ limit: 99 }),
  ])
  const plain = userCode.replace('-', '')
  for (const secret of [deviceCode, deviceCode.slice(4), userCode, plain]) {
    assert.ok(!stored.includes(secret))
  }
})

test('a typed code is taken in any case, with or without hyphen and spaces, and nothing else is a code', () => {
  const house = { hashIdentity: (text: string) => text } as never
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 12 }),
      fc.constantFrom('', ' ', '-', ' - '),
      (at, gap) => {
        const code = createUserCode()
        const typed = (code.slice(0, at) + gap + code.slice(at)).toLowerCase()
        assert.equal(userCodeKey(house, typed), userCodeKey(house, code))
      },
    ),
  )
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), (text) => {
      if (!/^[B-Z\s-]+$/i.test(text)) assert.equal(userCodeKey(house, text), null)
    }),
  )
})

test('the session of a device ends as any other', async (t) => {
  const house = await openDevices(t)
  const { authority } = house
  const { deviceCode, userCode } = await start(house)
  granted(await authority.approveDevice(await adaOf(house), userCode))
  const { token, session } = loginOf(granted(await authority.pollDevice(deviceCode)))
  await authority.endSessions({ which: { owner: session.owner } })
  assert.equal(await reasonOf(authority, token), 'revoked')
})
