import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Asking,
  type Fixture,
  openFixture,
  SAME_ORIGIN,
} from '../../../test/support/http-door.ts'

const PATH = '/v1/session/events'

interface OpenStream {
  readonly status: number
  readonly headers: Headers
  /** The text of the next event; null at the end of the stream. */
  next(): Promise<string | null>
  cancel(): Promise<void>
}

async function open(
  { fetch }: Fixture,
  { token, cookie, headers = {} }: Asking = {},
): Promise<OpenStream> {
  const request = new Request(`http://localhost${PATH}`, {
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(cookie === undefined ? {} : { cookie }),
      ...headers,
    },
  })
  const response = await fetch(request)
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader()
  return {
    status: response.status,
    headers: response.headers,
    async next() {
      const { value } = await reader.read()
      return value === undefined ? null : new TextDecoder().decode(value)
    },
    cancel: () => reader.cancel(),
  }
}

const ended = (reason: string) => `event: ended\ndata: {"reason":"${reason}"}\n\n`

test('the stream of a cookie session closes with the reason when the session ends', async () => {
  await using door = await openFixture()
  await door.person('ada')
  const cookie = await door.cookieOf('ada')
  const stream = await open(door, { cookie, headers: { 'sec-fetch-site': 'same-origin' } })
  assert.equal(stream.headers.get('content-type'), 'text/event-stream')
  assert.equal(stream.headers.get('cache-control'), 'no-store')
  assert.equal(await stream.next(), 'event: open\ndata: {}\n\n')
  await door.ask('DELETE /v1/session', { cookie, headers: SAME_ORIGIN })
  assert.deepEqual([await stream.next(), await stream.next()], [ended('logged_out'), null])
})

test('a revocation, a suspension and an expiry close the stream', async () => {
  await using door = await openFixture()
  const { id, session, token } = await door.person('ada')
  const first = await open(door, { token })
  await first.next()
  await door.authority.sessions.end({ id: session })
  assert.equal(await first.next(), ended('revoked'))
  const second = await open(door, { token: (await door.login('ada')).token })
  await second.next()
  await door.authority.actors.suspend(id)
  assert.equal(await second.next(), ended('suspended'))
  const third = await open(door, { token: (await door.person('bob')).token })
  await third.next()
  door.clock.advance(3_600_000)
  assert.equal(await third.next(), ended('expired'))
})

test('the stream names the other sessions of the owner that ended', async () => {
  await using door = await openFixture()
  const { token } = await door.person('ada')
  const other = await door.login('ada')
  const foreign = await door.person('bob')
  const stream = await open(door, { token })
  await stream.next()
  await door.authority.sessions.end({ id: foreign.session })
  await door.authority.sessions.end({ id: other.session })
  assert.equal(await stream.next(), `event: sessions\ndata: {"ended":["${other.session}"]}\n\n`)
})

test('an open stream does not count as a use of the session', async () => {
  await using door = await openFixture()
  const { id, token } = await door.person('ada')
  const lastUse = async () =>
    (await door.authority.sessions.list({ owner: id })).items[0]?.lastUsedAt
  const before = await lastUse()
  door.clock.advance(1_800_000)
  const stream = await open(door, { token })
  await stream.next()
  assert.equal(await lastUse(), before)
  door.clock.advance(1_800_000)
  assert.equal(await stream.next(), ended('expired'))
})

test('a stream needs a live session, and a page of the same origin', async () => {
  await using door = await openFixture()
  const { token } = await door.person('ada')
  const cookie = await door.cookieOf('ada')
  assert.equal((await open(door)).status, 401)
  assert.equal((await open(door, { token: 'nonsense' })).status, 401)
  for (const site of ['cross-site', 'same-site', 'none']) {
    const headers = { 'sec-fetch-site': site }
    assert.equal((await open(door, { cookie, headers })).status, 403)
    assert.equal((await open(door, { token, headers })).status, 200)
  }
})

test('the fifth stream of a session closes the first, and a full door is busy', async () => {
  await using door = await openFixture({ door: { maxEventStreams: 5 } })
  const [ada, bob] = [await door.person('ada'), await door.person('bob')]
  const streams: OpenStream[] = []
  for (let count = 0; count < 5; count++) {
    const stream = await open(door, { token: ada.token })
    assert.equal(await stream.next(), 'event: open\ndata: {}\n\n')
    streams.push(stream)
  }
  assert.equal(await streams[0]?.next(), null)
  const last = await open(door, { token: bob.token })
  assert.equal(last.status, 200)
  const refused = await open(door, { token: bob.token })
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '60'])
  await last.cancel()
  assert.equal((await open(door, { token: bob.token })).status, 200)
})
