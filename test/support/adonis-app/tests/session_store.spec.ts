import db from '@adonisjs/lucid/services/db'
import { test } from '@japa/runner'
import { SessionDataStore } from 'latchkey/adonis'

const store = () => new SessionDataStore(db.connection(), 'session_data', '2h')
const storedRow = (id: string) => db.from('session_data').where('id', id).first()

test.group('the session store', () => {
  test('keeps the values of a session from request to request', async ({ assert }) => {
    // Without Japa's client, whose plugin brings a session of its own.
    const ask = (method: string, cookie = '') =>
      fetch(`http://${process.env['HOST']}:${process.env['PORT']}/counter`, { method, headers: { cookie } })
    const first = await ask('POST')
    const cookie = (first.headers.getSetCookie()[0] ?? '').split(';')[0]
    const { count, id } = (await first.json()) as { count: number; id: string }
    assert.deepEqual(await (await ask('POST', cookie)).json(), { count: count + 1, id })
    assert.equal(JSON.parse((await storedRow(id)).data).count, 2)
    await ask('DELETE', cookie)
    assert.isNull(await storedRow(id))
    assert.deepEqual(await (await ask('POST', cookie)).json(), { count: 1, id })
  })

  test('a destroyed session is not brought back by the late write of a request that had read it', async ({ assert }) => {
    await store().write('a', { user: 1 })
    const [late, logout] = [store(), store()]
    assert.deepEqual(await late.read('a'), { user: 1 })
    await logout.destroy('a')
    await late.write('a', { user: 1 })
    await late.touch('a')
    assert.isNull(await store().read('a'))
    // A request that found nothing begins a new one, under the id of its cookie.
    await store().write('a', { user: 2 })
    assert.deepEqual(await store().read('a'), { user: 2 })
  })

  test('finds the sessions of a user', async ({ assert }) => {
    const sessions = store()
    for (const id of ['b', 'c', 'd']) {
      await sessions.write(id, { id })
      await sessions.tag(id, 7)
    }
    await sessions.untag('c', 7)
    await sessions.untag('d', 8)
    await sessions.destroy('b')
    assert.deepEqual(await sessions.tagged(7), [{ id: 'd', data: { id: 'd' } }])
    assert.deepEqual(await sessions.tagged('7'), await sessions.tagged(7))
  })

  test('an expired session is not read, and touched ones live longer', async ({ assert }) => {
    const sessions = store()
    await sessions.write('e', { a: 1 })
    await db.from('session_data').where('id', 'e').update({ expires_at: Date.now() + 1000 })
    await sessions.touch('e')
    assert.isAbove(Number((await storedRow('e')).expires_at), Date.now() + 7_000_000)
    await db.from('session_data').where('id', 'e').update({ expires_at: Date.now() })
    assert.isNull(await sessions.read('e'))
  })
})
