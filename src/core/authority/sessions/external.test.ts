import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  addActor,
  check,
  HOUR,
  logIn,
  openFixture,
  refused,
} from '../../../../test/support/authority.ts'
import { createConnections } from '../../../connections/index.ts'
import { sessionRecord } from '../../../testing/records.ts'
import type { ExternalSessions } from '../../ports/index.ts'
import type { SessionRecord } from '../../session/record.ts'
import type { TokenCodec } from '../../token/codec.ts'
import { nativeCodec } from '../../token/native-codec.ts'
import { hashSecret } from '../../token/secret.ts'

/** Tokens of the other system: `ext_`, the row's number, a secret. */
const codec: TokenCodec = {
  ...nativeCodec,
  name: 'other',
  format: ({ id, secret }) => `ext_${id}.${secret}`,
  parse(text) {
    const [, id, secret] = /^ext_(\d+)\.(\w+)$/.exec(text) ?? []
    return id === undefined || secret === undefined ? null : { id, secret }
  },
  parseRenewal: () => null,
}

async function openWithRows(t: TestContext) {
  const rows = new Map<string, SessionRecord>()
  const touched: string[] = []
  const source: ExternalSessions = {
    format: 'other',
    find: async (id) => rows.get(id) ?? null,
    touch: async (id) => void touched.push(id),
    async end(id, { reason }) {
      const row = rows.get(id)
      rows.delete(id)
      return row === undefined ? null : { id, owner: row.owner, reason }
    },
    listByOwner: async (owner) => [...rows.values()].filter((row) => row.owner === owner),
  }
  const fixture = await openFixture(t, { codecs: [codec], externalSessions: [source] })
  const ada = await addActor(fixture.authority, 'Ada')
  const add = (id: string) => {
    const overrides = { owner: ada.id, tokenHash: hashSecret('s3cret'), binding: null, roles: null }
    rows.set(id, sessionRecord({ id, createdAt: fixture.clock.now(), ...overrides }))
    return codec.format({ id, secret: 's3cret' }, { owner: ada.id })
  }
  return { ...fixture, ada, rows, touched, add }
}

test('a session of another system is checked, touched, listed with the others, and never cached', async (t) => {
  const { authority, ada, rows, touched, add } = await openWithRows(t)
  const token = add('7')
  const own = await logIn(authority, 'ada')
  const current = await check(authority, token)
  assert.deepEqual([current.session.id, current.actor.id], ['7', ada.id])
  assert.deepEqual(touched, ['7'])
  refused(await authority.authenticate('ext_7.wrong'), 'token_invalid')
  refused(await authority.authenticate('ext_8.s3cret'), 'token_invalid')
  const { items } = await authority.sessions.list({ owner: ada.id })
  assert.deepEqual(
    items.map(({ id }) => id),
    [own.session.id, '7'],
  )
  rows.delete('7')
  refused(await authority.authenticate(token), 'token_invalid')
})

test('it expires by its own end, and its suspended owner is refused', async (t) => {
  const { authority, ada, clock, add } = await openWithRows(t)
  const token = add('7')
  await authority.actors.suspend(ada.id)
  refused(await authority.authenticate(token), 'token_invalid')
  await authority.actors.restore(ada.id)
  const later = add('8')
  await check(authority, later)
  clock.advance(HOUR)
  refused(await authority.authenticate(later), 'session_expired')
})

test('it is ended by its id, by logout and with all sessions of its owner', async (t) => {
  const { authority, ada, rows, add } = await openWithRows(t)
  const [first, second, third] = [add('1'), add('2'), add('3')]
  assert.equal((await authority.sessions.end({ id: '1', owner: 'another' })).length, 0)
  assert.deepEqual(await authority.sessions.end({ id: '1', owner: ada.id }), [
    { id: '1', owner: ada.id, reason: 'revoked' },
  ])
  refused(await authority.authenticate(first), 'token_invalid')
  await authority.logout(await check(authority, second))
  assert.deepEqual([...rows.keys()], ['3'])
  await check(authority, third)
  await authority.sessions.end({ owner: ada.id })
  assert.equal(rows.size, 0)
})

test('a connection on it is closed within a second after the other system has ended it', async (t) => {
  const { authority, clock, rows, add } = await openWithRows(t)
  const current = await check(authority, add('7'))
  const table = createConnections({ authority, sweepEveryMs: 5 })
  t.after(() => table.close())
  const closed = Promise.withResolvers<string>()
  table.open(current, { door: 'test', close: (reason) => closed.resolve(reason) })
  rows.delete('7')
  clock.advance(1000)
  assert.equal(await closed.promise, 'revoked')
})
