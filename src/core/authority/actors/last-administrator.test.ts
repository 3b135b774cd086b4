import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addActor, openFixture } from '../../../../test/support/authority.ts'
import { errorOf, LatchkeyError } from '../../errors.ts'

const CONFLICT = { code: 'conflict' }

test('the last active administrator cannot be suspended, deleted or lose its role', async (t) => {
  const { authority } = await openFixture(t)
  const { actors } = authority
  const root = await addActor(authority, 'root', ['admin'])
  const other = await addActor(authority, 'other', ['admin'])
  await actors.suspend(other.id)
  await assert.rejects(actors.suspend(root.id), CONFLICT)
  await assert.rejects(actors.setRoles(root.id, ['user']), CONFLICT)
  const deleted = await actors.delete(root.id)
  assert.ok(!deleted.ok && deleted.code === 'conflict' && deleted.reason === 'last_administrator')
  assert.deepEqual((await actors.setRoles(root.id, ['user', 'admin']))?.roles, ['user', 'admin'])
  await actors.restore(other.id)
  assert.equal((await actors.suspend(root.id))?.status, 'suspended')
})

test('of two administrators that leave at the same time on two nodes one stays', async (t) => {
  for (const [first, second] of [
    ['suspend', 'setRoles'],
    ['delete', 'suspend'],
    ['setRoles', 'delete'],
  ] as const) {
    const here = await openFixture(t)
    const there = await here.addNode()
    const ada = await addActor(here.authority, 'ada', ['admin'])
    const bob = await addActor(here.authority, 'bob', ['admin'])
    const leave = async (
      { authority }: typeof there,
      act: typeof first | typeof second,
      id: string,
    ) => {
      if (act === 'suspend') return authority.actors.suspend(id)
      if (act === 'setRoles') return authority.actors.setRoles(id, [])
      const outcome = await authority.actors.delete(id)
      if (!outcome.ok) throw errorOf(outcome)
      return outcome
    }
    const outcomes = await Promise.allSettled([
      leave(here, first, ada.id),
      leave(there, second, bob.id),
    ])
    const refused = outcomes.filter(({ status }) => status === 'rejected')
    assert.ok(refused.length >= 1, `${first} and ${second}`)
    for (const outcome of refused) {
      const reason: unknown = outcome.status === 'rejected' ? outcome.reason : null
      assert.ok(reason instanceof LatchkeyError && reason.code === 'conflict')
    }
    const { items } = await here.authority.actors.search({
      role: 'admin',
      status: 'active',
      limit: 9,
    })
    assert.ok(items.length >= 1)
  }
})
