import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  addActor,
  CHEAP,
  check,
  DAY,
  HOUR,
  logIn,
  MINUTE,
  openFixture,
  refused,
  settled,
} from '../../../test/support/authority.ts'
import { sqlite } from '../../stores/sqlite/index.ts'
import { createAuthority } from '../index.ts'
import { JWT_FORMAT, jwtCodec } from './jwt-codec.ts'

const AGENT = { profile: 'agent', format: JWT_FORMAT } as const
const options = { codecs: [jwtCodec()] }
const kids = (authority: { keys: { jwks(): { keys: readonly { kid?: string }[] } } }) =>
  authority.keys.jwks().keys.map(({ kid }) => kid)

async function openAgents(t: TestContext) {
  // The lease outlasts the test, because the keys are read again after a lapse.
  const fixture = await openFixture(t, { ...options, leaseMs: 3_600_000 })
  await addActor(fixture.authority, 'Ada')
  return fixture
}

test('nodes that start simultaneously use one key', async (t) => {
  const { authority, addNode } = await openFixture(t)
  assert.deepEqual(authority.keys.jwks(), { keys: [] })
  await assert.rejects(authority.keys.rotate(), { code: 'invalid_request' })
  const nodes = await Promise.all(Array.from({ length: 5 }, () => addNode(options)))
  const all = nodes.flatMap((node) => kids(node.authority))
  assert.equal(all.length, 5)
  assert.equal(new Set(all).size, 1)
})

const LEAD = 10 * MINUTE
const kidOf = (token: string): string => JSON.parse(atob(token.split('.')[0] ?? '')).kid

test('the next key is published before it signs, on every node, and earlier tokens stay valid', async (t) => {
  const here = await openAgents(t)
  const there = await here.addNode()
  const { clock } = here
  const { token } = await logIn(here.authority, 'ada', AGENT)
  const [before] = kids(here.authority)
  const { kid, signsFrom } = await here.authority.keys.rotate({ by: 'boss' })
  assert.equal(signsFrom, clock.now() + LEAD)
  await settled()
  const signer = async ({ authority }: Pick<typeof here, 'authority'>) =>
    kidOf((await logIn(authority, 'ada', AGENT)).token)
  clock.advance(LEAD - 1)
  for (const node of [here, there]) {
    assert.deepEqual(kids(node.authority), [before, kid])
    assert.equal(await signer(node), before)
    await check(node.authority, token)
  }
  clock.advance(1)
  for (const node of [here, there]) {
    assert.deepEqual(kids(node.authority), [kid, before])
    assert.equal(await signer(node), kid)
  }
  const { items } = await here.authority.audit.list({ act: 'signing_key_rotated', limit: 9 })
  assert.deepEqual([items[0]?.actor, items[0]?.detail], ['boss', { kid }])
})

test('a second rotation before the next key signs is the same rotation', async (t) => {
  const here = await openAgents(t)
  const there = await here.addNode()
  const made = await Promise.all(
    [here, there, here, there].map(({ authority }) => authority.keys.rotate()),
  )
  assert.equal(new Set(made.map(({ kid }) => kid)).size, 1)
  here.clock.advance(LEAD)
  const next = await there.authority.keys.rotate()
  assert.notEqual(next.kid, made[0]?.kid)
})

test('the private half of a key is removed once the key signs no more', async (t) => {
  const { authority, clock, engine } = await openAgents(t)
  const privateHalves = () =>
    (engine.tables.documents.get('signing-keys')?.value ?? '').match(/"d":/g)?.length
  await authority.keys.rotate()
  assert.equal(privateHalves(), 2)
  clock.advance(LEAD)
  await authority.prune()
  assert.equal(privateHalves(), 1)
})

test('replaced keys are withdrawn and sign no more at once; their tokens are checked as before', async (t) => {
  const here = await openAgents(t)
  const there = await here.addNode()
  const { token } = await logIn(here.authority, 'ada', AGENT)
  await here.authority.keys.rotate()
  const { kid, signsFrom } = await here.authority.keys.replace({ by: 'boss' })
  assert.equal(signsFrom, here.clock.now())
  await settled()
  for (const { authority } of [here, there]) {
    assert.deepEqual(kids(authority), [kid])
    assert.equal(kidOf((await logIn(authority, 'ada', AGENT)).token), kid)
    const current = await check(authority, token)
    const refreshed = await authority.sessions.refresh(current)
    assert.equal(refreshed.ok && kidOf(refreshed.token), kid)
  }
  const stored = here.engine.tables.documents.get('signing-keys')?.value ?? ''
  assert.equal(stored.match(/"d":/g)?.length, 1)
  const { items } = await here.authority.audit.list({ act: 'signing_keys_replaced', limit: 9 })
  assert.deepEqual([items[0]?.actor, items[0]?.detail], ['boss', { kid }])
})

test('a node that missed a key looks for it, at most once a second', async (t) => {
  const here = await openAgents(t)
  const there = await here.addNode()
  there.tap.intercept('documents.find', () => Promise.reject(new Error('gone')))
  await here.authority.keys.replace()
  await settled()
  there.tap.intercept('documents.find', null)
  const { token } = await logIn(here.authority, 'ada', AGENT)
  there.tap.reset()
  const [, payload] = token.split('.')
  const strange = Buffer.from(`{"alg":"EdDSA","typ":"JWT","kid":"${'k'.repeat(43)}"}`)
  const forged = `${strange.toString('base64url')}.${payload}.${'A'.repeat(86)}`
  const found = there.authority.authenticate(token)
  await Promise.all(Array.from({ length: 50 }, () => there.authority.authenticate(forged)))
  assert.equal((await found).ok, true)
  refused(await there.authority.authenticate(forged), 'token_invalid')
  assert.equal(there.tap.count('documents.find'), 1)
  here.clock.advance(1000)
  refused(await there.authority.authenticate(forged), 'token_invalid')
  assert.equal(there.tap.count('documents.find'), 2)
})

test('if keys cannot be read, a token is not reported as forged', async (t) => {
  const here = await openAgents(t)
  const there = await here.addNode()
  there.tap.intercept('documents.find', () => Promise.reject(new Error('gone')))
  await here.authority.keys.replace()
  await settled()
  const { token } = await logIn(here.authority, 'ada', AGENT)
  refused(await there.authority.authenticate(token), 'unavailable')
})

test('maintenance replaces an old key once, and removes it when none of its tokens can be valid', async (t) => {
  const here = await openAgents(t)
  const there = await here.addNode()
  const [before] = kids(here.authority)
  here.clock.advance(90 * DAY - LEAD - 1)
  await here.authority.prune()
  assert.deepEqual(kids(here.authority), [before])
  here.clock.advance(1)
  await Promise.all([here.authority.prune(), there.authority.prune()])
  await settled()
  assert.equal(kids(here.authority)[0], before)
  here.clock.advance(LEAD)
  const [now] = kids(here.authority)
  assert.deepEqual(kids(here.authority), [now, before])
  assert.deepEqual(kids(there.authority), [now, before])
  const { items } = await here.authority.audit.list({ act: 'signing_key_rotated', limit: 9 })
  assert.equal(items.length, 1)
  // The longest token life is that of the profile `device`, plus an hour of slack.
  here.clock.advance(31 * DAY + HOUR - MINUTE)
  await here.authority.prune()
  assert.deepEqual(kids(here.authority), [now, before])
  here.clock.advance(MINUTE)
  await here.authority.prune()
  assert.deepEqual(kids(here.authority), [now])
})

test('the number of kept keys is bounded, and a rotation is always possible', async (t) => {
  const { authority, clock } = await openAgents(t)
  for (let at = 0; at < 120; at++) {
    const { kid } = await authority.keys.rotate()
    clock.advance(LEAD)
    assert.equal(kids(authority)[0], kid)
  }
  assert.equal(kids(authority).length, 100)
})

test('tokens issued before a restart are valid after it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-keys-'))
  t.after(() => rm(folder, { recursive: true }))
  const open = () =>
    createAuthority({ store: sqlite({ folder }), passwords: CHEAP, pruneEveryMs: 0, ...options })
  const first = await open()
  await addActor(first, 'Ada')
  const { token } = await logIn(first, 'ada', AGENT)
  await first.keys.rotate()
  const kidsBefore = kids(first)
  await first.close()
  const second = await open()
  t.after(() => second.close())
  assert.deepEqual(kids(second), kidsBefore)
  await check(second, token)
})
