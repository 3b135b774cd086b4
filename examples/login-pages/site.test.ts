import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createAuthority } from 'latchkey'
import { memory } from 'latchkey/stores/memory'
import { serveSite } from './site.ts'

test('a visitor logs in on the mounted page, and comes back to the page of the site', async (t) => {
  const authority = await createAuthority({ store: memory(), pruneEveryMs: 0 })
  const password = 'correct horse battery staple'
  await authority.actors.register({ name: 'ada', password })
  const server = serveSite(authority, 0)
  await once(server, 'listening')
  t.after(() => server.close(() => void authority.close()))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const get = (path: string, cookie = '') =>
    fetch(base + path, { redirect: 'manual', headers: { cookie } })
  const visit = await get('/')
  assert.equal(visit.headers.get('location'), '/auth/login?next=/')
  const login = await (await get('/auth/login?next=/')).text()
  assert.match(login, /<title>Welcome back – The Garden<\/title>/)
  const answer = await fetch(`${base}/auth/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: base },
    body: new URLSearchParams({ identity: 'ada', password, next: '/' }),
  })
  assert.equal(answer.headers.get('location'), '/')
  const cookie = answer.headers.getSetCookie()[0]?.split(';')[0]
  assert.match(await (await get('/', cookie)).text(), /This is the garden/)
  assert.match(await (await get('/auth/account', cookie)).text(), /logged in as ada/)
})
