import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  check,
  DAY,
  granted,
  logIn,
  MINUTE,
  openFixture,
  PASSWORD,
  reasonOf,
  refused,
} from '../../../../test/support/authority.ts'

test('a deleted actor’s sessions and the impersonations of it end, and it cannot log in', async (t) => {
  const { authority } = await openFixture(t)
  const ada = await addActor(authority, 'ada')
  await addActor(authority, 'root', ['admin'])
  const { token } = await logIn(authority, 'ada')
  const root = await check(authority, (await logIn(authority, 'root')).token)
  const acting = granted(await authority.sessions.impersonate(root, ada.id))
  assert.equal(granted(await authority.actors.delete(ada.id)).ended, 2)
  assert.equal(await reasonOf(authority, token), 'deleted')
  assert.equal(await reasonOf(authority, acting.token), 'deleted')
  refused(await authority.login({ identity: 'ada', password: PASSWORD }), 'credentials_invalid')
  refused(await authority.sessions.loginAs(ada.id), 'not_found')
  refused(await authority.actors.delete(ada.id), 'not_found')
  assert.equal(await authority.actors.find(ada.id), null)
})

test('the identities of a deleted actor are held for a settable time', async (t) => {
  const { authority, clock } = await openFixture(t)
  const ada = await addActor(authority, 'ada')
  granted(await authority.actors.delete(ada.id))
  const again = { name: 'ada', password: PASSWORD }
  refused(await authority.actors.register(again), 'identity_taken')
  clock.advance(30 * DAY)
  const next = granted(await authority.actors.register(again)).actor
  await authority.settings.set('identity.holdMs', 0)
  granted(await authority.actors.delete(next.id))
  granted(await authority.actors.register(again))
})

test('the audit trail keeps the acts of a deleted actor without its personal data', async (t) => {
  const { authority, clock } = await openFixture(t)
  const client = { address: '203.0.113.9' }
  const ada = await addActor(authority, 'ada')
  await addActor(authority, 'bob')
  await logIn(authority, 'ada', {}, client)
  await logIn(authority, 'bob', {}, client)
  granted(await authority.actors.delete(ada.id))
  await authority.prune()
  const { items } = await authority.audit.list({ limit: 100 })
  const own = items.filter(({ actor }) => actor === ada.id)
  assert.deepEqual(own.map(({ act }) => act).sort(), ['actor_created', 'login'])
  for (const { address, detail, identityHash } of own) {
    assert.deepEqual([address, detail, identityHash], [null, null, null])
  }
  assert.equal(
    items.find(({ act, address }) => act === 'login' && address)?.address,
    client.address,
  )
  clock.advance(2 * MINUTE)
  await authority.prune()
})

test('an erasure is completed by the next pruning after the deleting process has ended', async (t) => {
  const { authority, tap } = await openFixture(t)
  const ada = await addActor(authority, 'ada')
  await logIn(authority, 'ada', {}, { address: '203.0.113.9' })
  tap.intercept('counters.remove', () => Promise.reject(new Error('gone')))
  refused(await authority.actors.delete(ada.id), 'unavailable')
  await authority.prune()
  const { items } = await authority.audit.list({ limit: 100, actor: ada.id })
  assert.ok(items.length > 0 && items.every(({ address }) => address === null))
})

test('an actor exports what is stored about it, without secrets', async (t) => {
  const { authority } = await openFixture(t)
  const ada = await addActor(authority, 'ada')
  const { token } = await logIn(authority, 'ada')
  const exported = granted(await authority.actors.export(ada.id, { limit: 1 }))
  assert.equal(exported.actor.id, ada.id)
  assert.equal(exported.sessions.length, 1)
  assert.deepEqual(
    exported.audit.map(({ act }) => act),
    ['login'],
  )
  const after = exported.next ?? ''
  const rest = granted(await authority.actors.export(ada.id, { limit: 10, after }))
  assert.deepEqual(
    rest.audit.map(({ act }) => act),
    ['actor_created'],
  )
  assert.ok(!JSON.stringify([exported, rest]).includes(token.slice(-20)))
  refused(await authority.actors.export('nobody'), 'not_found')
})
