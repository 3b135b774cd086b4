import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Actor } from '../actor.ts'
import type { Authority } from './authority.ts'
import type { Change } from './house.ts'
import { check, granted, logIn, openHouse, PASSWORD, refused } from './testing-support.ts'

const EMAIL = 'ada@example.org'

async function openWithAda(t: TestContext) {
  const house = await openHouse(t)
  const registration = { name: 'Ada', email: EMAIL, password: PASSWORD }
  const { actor } = granted(await house.authority.register(registration))
  return { ...house, actor, actorId: actor.id }
}

const named = async (authority: Authority, identity: string) =>
  (await authority.findActorByIdentity(identity))?.id

test('a new name is shown and logs in, the old one is free, and the e-mail stays', async (t) => {
  const { authority, addNode, actorId } = await openWithAda(t)
  const there = await addNode()
  const { token } = await logIn(authority, 'ada')
  for (const node of [authority, there.authority]) await check(node, token)
  const { actor } = granted(await authority.updateActor({ actorId, name: ' Zoë ' }))
  assert.deepEqual([actor.name, actor.identities], ['Zoë', ['zoë', EMAIL]])
  assert.deepEqual(await authority.findActor(actorId), actor)
  for (const node of [authority, there.authority]) {
    assert.equal((await check(node, token)).actor.name, 'Zoë')
  }
  for (const identity of ['ZOË', EMAIL]) await logIn(authority, identity)
  refused(await authority.login({ identity: 'ada', password: PASSWORD }), 'credentials_invalid')
  granted(await authority.register({ name: 'Ada', password: PASSWORD }))
})

test('a new e-mail takes the place of the old one, and the name stays', async (t) => {
  const { authority, actorId } = await openWithAda(t)
  const update = { actorId, email: 'New@Example.org' }
  const { actor } = granted(await authority.updateActor(update))
  assert.deepEqual([actor.name, actor.identities], ['Ada', ['ada', 'new@example.org']])
  assert.equal(await named(authority, EMAIL), undefined)
})

for (const [registered, update, identities] of [
  [{ name: 'Ann' }, { email: 'b@x.org' }, ['ann', 'b@x.org']],
  [{ name: 'Ann', email: 'b@x.org' }, { name: 'ANN' }, ['ann', 'b@x.org']],
  [{ name: 'Ann', email: 'b@x.org' }, { name: 'Bob', email: 'c@x.org' }, ['bob', 'c@x.org']],
] as const) {
  test(`${JSON.stringify(update)} for ${JSON.stringify(registered)}`, async (t) => {
    const { authority } = await openHouse(t)
    const begun = granted(await authority.register({ ...registered, password: PASSWORD })).actor
    const { actor } = granted(await authority.updateActor({ actorId: begun.id, ...update }))
    assert.deepEqual(actor, { ...begun, name: actor.name, identities })
    assert.deepEqual(await authority.findActor(begun.id), actor)
    assert.equal(actor.name, 'name' in update ? update.name : registered.name)
  })
}

test('a name with an @ is refused at registration, update and import', async (t) => {
  const { authority, actor, actorId } = await openWithAda(t)
  const name = 'victim@corp.example'
  for (const outcome of [
    await authority.register({ name, password: PASSWORD }),
    await authority.updateActor({ actorId, name }),
    await authority.importActor({ name }),
    await authority.importActor({ name: 'victim\uff20corp.example' }),
  ]) {
    assert.match(refused(outcome, 'invalid_request').message, /^name: has an @/)
  }
  assert.deepEqual(await authority.findActor(actorId), actor)
  granted(await authority.register({ name: 'Victim', email: name, password: PASSWORD }))
})

test('an e-mail address is one, however its domain is spelt', async (t) => {
  const { authority } = await openHouse(t)
  const first = { name: 'Ann', email: 'ann@b\u00fccher.example', password: PASSWORD }
  const { actor } = granted(await authority.register(first))
  assert.deepEqual(actor.identities, ['ann', 'ann@xn--bcher-kva.example'])
  const again = { name: 'Eve', email: 'Ann@XN--BCHER-KVA\uff0eexample', password: PASSWORD }
  refused(await authority.register(again), 'identity_taken')
  await logIn(authority, 'ann@B\u00dcCHER.example')
})

test('an id from elsewhere is any of 8-4-4-4-12 hexadecimal digits, kept in lower case', async (t) => {
  const { authority } = await openHouse(t)
  const id = 'ABCDEF00-0000-0000-0000-00000000000F'
  const { actor } = granted(await authority.importActor({ id, name: 'Ann' }))
  assert.equal(actor.id, id.toLowerCase())
  assert.equal((await authority.findActor(id.toLowerCase()))?.name, 'Ann')
  const twin = { id: id.toLowerCase(), name: 'Bob' }
  assert.equal((await authority.importActor(twin)).ok, false)
})

test('with nothing to change all is well, and nothing is written', async (t) => {
  const { authority, tap, actor, actorId } = await openWithAda(t)
  for (const update of [{}, { name: 'Ada' }, { email: 'ADA@example.org' }]) {
    const outcome = await authority.updateActor({ actorId, ...update })
    assert.deepEqual(granted(outcome).actor, actor)
  }
  assert.equal(tap.count('directory.setIdentities'), 0)
})

test('an identity of another is refused by its field, and nothing changes', async (t) => {
  const { authority, actor, actorId } = await openWithAda(t)
  const other = { name: 'Bob', email: 'bob@example.org', password: PASSWORD }
  granted(await authority.register(other))
  for (const [update, paths] of [
    [{ name: 'bob', email: 'new@example.org' }, ['name']],
    [{ name: 'Zoë', email: 'BOB@example.org' }, ['email']],
    [{ name: 'Bob', email: 'bob@example.org' }, ['name', 'email']],
  ] as const) {
    const refusal = refused(await authority.updateActor({ actorId, ...update }), 'identity_taken')
    assert.deepEqual(
      refusal.issues,
      paths.map((path) => ({ path, message: 'has already been taken' })),
    )
  }
  assert.deepEqual(await authority.findActor(actorId), actor)
  assert.equal(await named(authority, 'zoë'), undefined)
})

test('what can be no name or e-mail, and nobody, are refused', async (t) => {
  const { authority, actor, actorId } = await openWithAda(t)
  for (const [update, path] of [
    [{ name: ' ' }, 'name'],
    [{ name: 'x'.repeat(255) }, 'name'],
    [{ email: 'nowhere' }, 'email'],
    [{ name: 'Zoë', email: '' }, 'email'],
  ] as const) {
    const refusal = refused(await authority.updateActor({ actorId, ...update }), 'invalid_request')
    assert.equal(refusal.issues?.[0]?.path, path)
  }
  assert.deepEqual(await authority.findActor(actorId), actor)
  refused(await authority.updateActor({ actorId: 'nobody', name: 'Zoë' }), 'not_found')
})

test('a password that is given is proved first, and its failures count as those of a login', async (t) => {
  const { authority, actor, actorId } = await openWithAda(t)
  const update = { actorId, name: 'Zoë' }
  const nobody = { ...update, actorId: 'nobody', currentPassword: PASSWORD }
  refused(await authority.updateActor(nobody), 'credentials_invalid')
  for (let at = 0; at < 5; at++) {
    const wrong = { ...update, currentPassword: 'wrong' }
    refused(await authority.updateActor(wrong), 'credentials_invalid')
  }
  refused(await authority.updateActor({ actorId, currentPassword: PASSWORD }), 'throttled')
  refused(await authority.login({ identity: 'ada', password: PASSWORD }), 'throttled')
  assert.deepEqual(await authority.findActor(actorId), actor)
})

test('the right password alone is well, and with changes they are made', async (t) => {
  const { authority, actorId } = await openWithAda(t)
  granted(await authority.updateActor({ actorId, currentPassword: PASSWORD }))
  granted(await authority.updateActor({ actorId, name: 'Zoë', currentPassword: PASSWORD }))
  await logIn(authority, 'zoë')
})

test('of many that want one name at once exactly one gets it, on two nodes', async (t) => {
  const { authority, addNode } = await openHouse(t)
  const there = (await addNode()).authority
  const actors: Actor[] = []
  for (let at = 0; at < 10; at++) {
    actors.push(granted(await authority.register({ name: `a${at}`, password: PASSWORD })).actor)
  }
  const outcomes = await Promise.all(
    actors.map(({ id }, at) =>
      (at % 2 ? authority : there).updateActor({ actorId: id, name: 'Wanted' }),
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

test('a change of the name and one of the e-mail at the same time are both kept', async (t) => {
  const { authority, actorId } = await openWithAda(t)
  const outcomes = await Promise.all([
    authority.updateActor({ actorId, name: 'Zoë' }),
    authority.updateActor({ actorId, email: 'new@example.org' }),
  ])
  for (const outcome of outcomes) granted(outcome)
  const found = await authority.findActor(actorId)
  assert.deepEqual([found?.name, found?.identities], ['Zoë', ['zoë', 'new@example.org']])
})

test('a role that is taken away meanwhile does not come back', async (t) => {
  const { authority, tap, actorId } = await openWithAda(t)
  const held = tap.hold('directory.setIdentities', 'before')
  const update = authority.updateActor({ actorId, name: 'Zoë' })
  await held.reached
  await authority.setRoles(actorId, [])
  held.release()
  granted(await update)
  assert.deepEqual((await authority.findActor(actorId))?.roles, [])
})

test('a change is announced and leaves a line in the trail that holds no name', async (t) => {
  const { authority, actorId } = await openWithAda(t)
  const heard: Change[] = []
  authority.onChange((change) => heard.push(change))
  granted(await authority.updateActor({ actorId, name: 'Zoë' }, { door: 'angen' }))
  assert.deepEqual(heard, [{ kind: 'actor-changed', id: actorId }])
  refused(await authority.updateActor({ actorId, currentPassword: 'x' }), 'credentials_invalid')
  const { items } = await authority.listAudit({ act: 'actor_updated', limit: 10 })
  assert.deepEqual(
    items.map(({ outcome, actor, detail }) => [outcome, actor, detail]),
    [
      ['credentials_invalid', actorId, null],
      ['ok', actorId, { name: true, email: false }],
    ],
  )
})

test('names of others cannot be tried out without end', async (t) => {
  const { authority, actorId } = await openWithAda(t)
  const options = { address: '192.0.2.7' }
  for (let at = 0; at < 20; at++) {
    granted(await authority.updateActor({ actorId, name: `Ada ${at}` }, options))
  }
  refused(await authority.updateActor({ actorId, name: 'Ada' }, options), 'throttled')
})
