import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  addActor,
  check,
  granted,
  HOUR,
  logIn,
  openFixture,
  PASSWORD,
  refused,
} from '../../../../test/support/authority.ts'
import { type Actor, valuesOf } from '../../actor.ts'
import type { Authority } from '../authority.ts'
import type { Change } from '../changes.ts'

const EMAIL = 'ada@example.org'

async function openWithAda(t: TestContext) {
  const fixture = await openFixture(t)
  const registration = { name: 'Ada', email: EMAIL, password: PASSWORD }
  const { actor } = granted(await fixture.authority.actors.register(registration))
  return { ...fixture, actor, actorId: actor.id }
}

const named = async (authority: Authority, identity: string) =>
  (await authority.actors.findByIdentity(identity))?.id

test('a new name is shown and logs in, the old one is free, and the e-mail stays', async (t) => {
  const { authority, addNode, actorId } = await openWithAda(t)
  const there = await addNode()
  const { token } = await logIn(authority, 'ada')
  for (const node of [authority, there.authority]) await check(node, token)
  const { actor } = granted(await authority.actors.update({ actorId, name: ' Zoë ' }))
  assert.deepEqual([actor.name, valuesOf(actor.identities)], ['Zoë', ['zoë', EMAIL]])
  assert.deepEqual(await authority.actors.find(actorId), actor)
  for (const node of [authority, there.authority]) {
    assert.equal((await check(node, token)).actor.name, 'Zoë')
  }
  for (const identity of ['ZOË', EMAIL]) await logIn(authority, identity)
  refused(await authority.login({ identity: 'ada', password: PASSWORD }), 'credentials_invalid')
  granted(await authority.actors.register({ name: 'Ada', password: PASSWORD }))
})

test('a new e-mail replaces the old one, and the name stays', async (t) => {
  const { authority, actorId } = await openWithAda(t)
  const update = { actorId, email: 'New@Example.org' }
  const { actor } = granted(await authority.actors.update(update))
  assert.deepEqual([actor.name, valuesOf(actor.identities)], ['Ada', ['ada', 'new@example.org']])
  assert.equal(await named(authority, EMAIL), undefined)
})

for (const [registered, update, identities] of [
  [{ name: 'Ann' }, { email: 'b@x.org' }, ['ann', 'b@x.org']],
  [{ name: 'Ann', email: 'b@x.org' }, { name: 'ANN' }, ['ann', 'b@x.org']],
  [{ name: 'Ann', email: 'b@x.org' }, { name: 'Bob', email: 'c@x.org' }, ['bob', 'c@x.org']],
] as const) {
  test(`${JSON.stringify(update)} for ${JSON.stringify(registered)}`, async (t) => {
    const { authority } = await openFixture(t)
    const begun = granted(
      await authority.actors.register({ ...registered, password: PASSWORD }),
    ).actor
    const { actor } = granted(await authority.actors.update({ actorId: begun.id, ...update }))
    assert.deepEqual(valuesOf(actor.identities), identities)
    assert.deepEqual({ ...actor, name: begun.name, identities: [] }, { ...begun, identities: [] })
    assert.deepEqual(await authority.actors.find(begun.id), actor)
    assert.equal(actor.name, 'name' in update ? update.name : registered.name)
  })
}

test('a name with an @ is refused at registration, update and import', async (t) => {
  const { authority, actor, actorId } = await openWithAda(t)
  const name = 'victim@corp.example'
  for (const outcome of [
    await authority.actors.register({ name, password: PASSWORD }),
    await authority.actors.update({ actorId, name }),
    await authority.actors.import({ name }),
    await authority.actors.import({ name: 'victim\uff20corp.example' }),
  ]) {
    assert.match(refused(outcome, 'invalid_request').message, /^name: has an @/)
  }
  assert.deepEqual(await authority.actors.find(actorId), actor)
  granted(await authority.actors.register({ name: 'Victim', email: name, password: PASSWORD }))
})

test('equivalent spellings of an e-mail domain are one identity', async (t) => {
  const { authority } = await openFixture(t)
  const first = { name: 'Ann', email: 'ann@b\u00fccher.example', password: PASSWORD }
  const { actor } = granted(await authority.actors.register(first))
  assert.deepEqual(valuesOf(actor.identities), ['ann', 'ann@xn--bcher-kva.example'])
  const again = { name: 'Eve', email: 'Ann@XN--BCHER-KVA\uff0eexample', password: PASSWORD }
  refused(await authority.actors.register(again), 'identity_taken')
  await logIn(authority, 'ann@B\u00dcCHER.example')
})

test('a supplied id may be any 8-4-4-4-12 hexadecimal text, and is stored in lower case', async (t) => {
  const { authority } = await openFixture(t)
  const id = 'ABCDEF00-0000-0000-0000-00000000000F'
  const { actor } = granted(await authority.actors.import({ id, name: 'Ann' }))
  assert.equal(actor.id, id.toLowerCase())
  assert.equal((await authority.actors.find(id.toLowerCase()))?.name, 'Ann')
  const twin = { id: id.toLowerCase(), name: 'Bob' }
  assert.equal((await authority.actors.import(twin)).ok, false)
})

test('an update without changes succeeds and writes nothing', async (t) => {
  const { authority, tap, actor, actorId } = await openWithAda(t)
  for (const update of [{}, { name: 'Ada' }, { email: 'ADA@example.org' }]) {
    const outcome = await authority.actors.update({ actorId, ...update })
    assert.deepEqual(granted(outcome).actor, actor)
  }
  assert.equal(tap.count('directory.setIdentities'), 0)
})

test('an identity of another actor is refused with its field, and nothing changes', async (t) => {
  const { authority, actor, actorId } = await openWithAda(t)
  const other = { name: 'Bob', email: 'bob@example.org', password: PASSWORD }
  granted(await authority.actors.register(other))
  for (const [update, paths] of [
    [{ name: 'bob', email: 'new@example.org' }, ['name']],
    [{ name: 'Zoë', email: 'BOB@example.org' }, ['email']],
    [{ name: 'Bob', email: 'bob@example.org' }, ['name', 'email']],
  ] as const) {
    const refusal = refused(await authority.actors.update({ actorId, ...update }), 'identity_taken')
    assert.deepEqual(
      refusal.issues,
      paths.map((path) => ({ path, message: 'has already been taken' })),
    )
  }
  assert.deepEqual(await authority.actors.find(actorId), actor)
  assert.equal(await named(authority, 'zoë'), undefined)
})

test('an invalid name, an invalid e-mail and an unknown actor are refused', async (t) => {
  const { authority, actor, actorId } = await openWithAda(t)
  for (const [update, path] of [
    [{ name: ' ' }, 'name'],
    [{ name: 'x'.repeat(255) }, 'name'],
    [{ email: 'nowhere' }, 'email'],
    [{ name: 'Zoë', email: '' }, 'email'],
  ] as const) {
    const refusal = refused(
      await authority.actors.update({ actorId, ...update }),
      'invalid_request',
    )
    assert.equal(refusal.issues?.[0]?.path, path)
  }
  assert.deepEqual(await authority.actors.find(actorId), actor)
  refused(await authority.actors.update({ actorId: 'unknown-actor', name: 'Zoë' }), 'not_found')
})

test('a given password is verified first, and its failures count like those of a login', async (t) => {
  const { authority, actor, actorId } = await openWithAda(t)
  const update = { actorId, name: 'Zoë' }
  const unknown = { ...update, actorId: 'unknown-actor', currentPassword: PASSWORD }
  refused(await authority.actors.update(unknown), 'credentials_invalid')
  for (let at = 0; at < 5; at++) {
    const wrong = { ...update, currentPassword: 'wrong' }
    refused(await authority.actors.update(wrong), 'credentials_invalid')
  }
  refused(await authority.actors.update({ actorId, currentPassword: PASSWORD }), 'throttled')
  refused(await authority.login({ identity: 'ada', password: PASSWORD }), 'throttled')
  assert.deepEqual(await authority.actors.find(actorId), actor)
})

test('the right password alone succeeds, and with changes they are made', async (t) => {
  const { authority, actorId } = await openWithAda(t)
  granted(await authority.actors.update({ actorId, currentPassword: PASSWORD }))
  granted(await authority.actors.update({ actorId, name: 'Zoë', currentPassword: PASSWORD }))
  await logIn(authority, 'zoë')
})

test('of many simultaneous requests for one name exactly one succeeds, on two nodes', async (t) => {
  const { authority, addNode } = await openFixture(t)
  const there = (await addNode()).authority
  const actors: Actor[] = []
  for (let at = 0; at < 10; at++) {
    actors.push(
      granted(await authority.actors.register({ name: `a${at}`, password: PASSWORD })).actor,
    )
  }
  const outcomes = await Promise.all(
    actors.map(({ id }, at) =>
      (at % 2 ? authority : there).actors.update({ actorId: id, name: 'Wanted' }),
    ),
  )
  const winner = outcomes.findIndex(({ ok }) => ok)
  assert.equal(await named(authority, 'wanted'), actors[winner]?.id)
  for (const [at, outcome] of outcomes.entries()) {
    if (at === winner) continue
    refused(outcome, 'identity_taken')
    assert.equal(await named(authority, `a${at}`), actors[at]?.id)
  }
})

test('simultaneous changes of the name and of the e-mail are both kept', async (t) => {
  const { authority, actorId } = await openWithAda(t)
  const outcomes = await Promise.all([
    authority.actors.update({ actorId, name: 'Zoë' }),
    authority.actors.update({ actorId, email: 'new@example.org' }),
  ])
  for (const outcome of outcomes) granted(outcome)
  const found = await authority.actors.find(actorId)
  assert.deepEqual([found?.name, valuesOf(found?.identities)], ['Zoë', ['zoë', 'new@example.org']])
})

test('a role removed during an update does not return', async (t) => {
  const { authority, tap, actorId } = await openWithAda(t)
  const held = tap.hold('directory.setIdentities', 'before')
  const update = authority.actors.update({ actorId, name: 'Zoë' })
  await held.reached
  await authority.actors.setRoles(actorId, [])
  held.release()
  granted(await update)
  assert.deepEqual((await authority.actors.find(actorId))?.roles, [])
})

test('a change is published and leaves an audit entry without a name', async (t) => {
  const { authority, actorId } = await openWithAda(t)
  const received: Change[] = []
  authority.onChange((change) => received.push(change))
  granted(await authority.actors.update({ actorId, name: 'Zoë' }, { door: 'angen' }))
  assert.deepEqual(received, [{ kind: 'actor-changed', id: actorId }])
  refused(await authority.actors.update({ actorId, currentPassword: 'x' }), 'credentials_invalid')
  const { items } = await authority.audit.list({ act: 'actor_updated', limit: 10 })
  assert.deepEqual(
    items.map(({ outcome, actor, detail }) => [outcome, actor, detail]),
    [
      ['credentials_invalid', actorId, null],
      ['ok', actorId, { name: true, email: false }],
    ],
  )
})

test('attempts at names of other actors are throttled', async (t) => {
  const { authority, actorId } = await openWithAda(t)
  const options = { address: '192.0.2.7' }
  for (let at = 0; at < 20; at++) {
    granted(await authority.actors.update({ actorId, name: `Ada ${at}` }, options))
  }
  refused(await authority.actors.update({ actorId, name: 'Ada' }, options), 'throttled')
})

test('an actor keeps no identity that it gives up, and changes of its identities are throttled', async (t) => {
  const { authority, clock } = await openFixture(t)
  const ada = await addActor(authority, 'ada')
  const rename = (at: number) =>
    authority.actors.update({ actorId: ada.id, name: `ada-${at}`, email: `ada${at}@example.org` })
  for (let at = 0; at < 20; at++) granted(await rename(at))
  assert.equal(refused(await rename(20), 'throttled').retryAfterMs, HOUR)
  const { identities } = (await authority.actors.find(ada.id)) ?? { identities: [] }
  assert.deepEqual(valuesOf(identities), ['ada-19', 'ada19@example.org'])
  for (const name of ['ada', 'ada-0', 'ada-18']) await addActor(authority, name)
  clock.advance(HOUR)
  granted(await rename(20))
})
