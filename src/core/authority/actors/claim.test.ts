import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  addActor,
  check,
  granted,
  MINUTE,
  openFixture,
  PASSWORD,
  refused,
  type TestFixture,
} from '../../../../test/support/authority.ts'

async function openUnclaimed(t: TestContext): Promise<TestFixture & { code: string }> {
  const fixture = await openFixture(t)
  const code = await fixture.authority.actors.createClaimCode()
  assert.ok(code !== null)
  return { ...fixture, code }
}

const BOSS = { name: 'Boss', password: PASSWORD }

test('a claim registers the first administrator and logs in', async (t) => {
  const { authority, code } = await openUnclaimed(t)
  assert.match(code, /^[0-9A-Za-z]{22}$/)
  const { token } = granted(await authority.actors.claim({ code, ...BOSS }))
  assert.deepEqual((await check(authority, token)).session.roles, ['user', 'admin'])
})

test('a code is valid once, and no code is created once there is an administrator', async (t) => {
  const { authority, code } = await openUnclaimed(t)
  granted(await authority.actors.claim({ code, ...BOSS }))
  refused(
    await authority.actors.claim({ code, name: 'Eve', password: PASSWORD }),
    'credentials_invalid',
  )
  assert.equal(await authority.actors.createClaimCode(), null)
})

test('no code is created if an administrator was registered in another way', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Boss', ['admin'])
  assert.equal(await authority.actors.createClaimCode(), null)
})

test('a code is valid for exactly 15 minutes', async (t) => {
  const { authority, clock, code } = await openUnclaimed(t)
  clock.advance(15 * MINUTE)
  refused(await authority.actors.claim({ code, ...BOSS }), 'credentials_invalid')
  const next = (await authority.actors.createClaimCode()) ?? ''
  clock.advance(15 * MINUTE - 1)
  granted(await authority.actors.claim({ code: next, ...BOSS }))
})

test('a newer code replaces an older one', async (t) => {
  const { authority, code } = await openUnclaimed(t)
  const newer = (await authority.actors.createClaimCode()) ?? ''
  refused(await authority.actors.claim({ code, ...BOSS }), 'credentials_invalid')
  granted(await authority.actors.claim({ code: newer, ...BOSS }))
})

test('wrong codes are audited and counted by address, and do not invalidate a code', async (t) => {
  const { authority, code } = await openUnclaimed(t)
  const client = { address: '203.0.113.9' }
  for (let at = 0; at < 20; at++) {
    refused(await authority.actors.claim({ code: 'wrong', ...BOSS }, client), 'credentials_invalid')
  }
  refused(await authority.actors.claim({ code: 'wrong', ...BOSS }, client), 'throttled')
  const { items } = await authority.audit.list({ act: 'administrator_claimed', limit: 100 })
  assert.equal(items.length, 20)
  granted(await authority.actors.claim({ code, ...BOSS }, { address: '198.51.100.7' }))
})

test('of many simultaneous claims exactly one succeeds', async (t) => {
  const here = await openUnclaimed(t)
  const there = await here.addNode()
  const claims = await Promise.all(
    Array.from({ length: 10 }, (_, at) =>
      (at % 2 ? here : there).authority.actors.claim({
        code: here.code,
        name: `Boss ${at}`,
        password: PASSWORD,
      }),
    ),
  )
  assert.equal(claims.filter(({ ok }) => ok).length, 1)
  const { items } = await here.authority.actors.search({ role: 'admin', limit: 10 })
  assert.equal(items.length, 1)
})

test('after a failed registration the code stays valid until its original expiry', async (t) => {
  const { authority, clock, code } = await openUnclaimed(t)
  clock.advance(14 * MINUTE)
  refused(
    await authority.actors.claim({ code, name: 'Boss', password: 'short' }),
    'password_refused',
  )
  refused(await authority.actors.claim({ code, name: ' ', password: PASSWORD }), 'invalid_request')
  const later = authority.actors.claim({ code, name: 'Boss', password: 'short' })
  refused(await later, 'password_refused')
  clock.advance(MINUTE)
  refused(await authority.actors.claim({ code, ...BOSS }), 'credentials_invalid')
})

test('a restored code does not replace a code created in the meantime', async (t) => {
  const { authority, tap, code } = await openUnclaimed(t)
  await addActor(authority, 'Taken')
  const held = tap.hold('directory.create', 'before')
  const claiming = authority.actors.claim({ code, name: 'Taken', password: PASSWORD })
  await held.reached
  const newer = (await authority.actors.createClaimCode()) ?? ''
  held.release()
  refused(await claiming, 'identity_taken')
  refused(await authority.actors.claim({ code, ...BOSS }), 'credentials_invalid')
  granted(await authority.actors.claim({ code: newer, ...BOSS }))
})

test('only the hash of the code is stored', async (t) => {
  const { engine, code } = await openUnclaimed(t)
  assert.ok(!JSON.stringify([...engine.tables.documents]).includes(code))
})
