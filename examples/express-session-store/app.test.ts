import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createAuthority } from 'latchkey'
import { memory } from 'latchkey/stores/memory'
import { createApp } from './app.ts'

test('a user logs in with express-session, is listed, and logs out everywhere', async (t) => {
  const authority = await createAuthority({ store: memory(), pruneEveryMs: 0 })
  const password = 'correct horse battery staple'
  const ada = await authority.actors.register({ name: 'ada', password })
  assert.ok(ada.ok)
  const server = createApp(authority).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close(() => void authority.close()))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const open = () => {
    let cookie = ''
    return async (path: string, body?: object) => {
      const post = { method: 'POST', body: JSON.stringify(body) }
      const headers = { cookie, 'content-type': 'application/json' }
      const response = await fetch(base + path, { headers, ...(body && post) })
      const [set] = response.headers.getSetCookie()
      cookie = set?.split(';')[0] ?? cookie
      return (await response.json()) as { visits?: number; code?: string; ended?: number }
    }
  }
  const [laptop, phone] = [open(), open()]
  assert.equal(
    (await laptop('/login', { name: 'ada', password: 'wrong' })).code,
    'credentials_invalid',
  )
  for (const browser of [laptop, phone]) {
    await browser('/login', { name: 'ada', password })
    assert.equal((await browser('/')).visits, 1)
  }
  assert.equal(await authority.sessions.count({ owner: ada.actor.id }), 2)
  assert.deepEqual(await laptop('/logout-everywhere', {}), { ended: 2 })
  assert.deepEqual(await phone('/'), { visits: 1, user: null })
})
