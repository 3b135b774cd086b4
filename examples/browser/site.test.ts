import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createAuthority } from 'latchkey'
import { memory } from 'latchkey/stores/memory'
import { openBrowser, noChromium as skip } from '../../test/support/chromium.ts'
import { createSite } from './site.ts'

test('the page says who is logged in, and at once that the session has ended', {
  skip,
}, async (t) => {
  const authority = await createAuthority({ store: memory(), pruneEveryMs: 0 })
  const password = 'correct horse battery staple'
  const ada = await authority.actors.register({ name: 'ada', password })
  assert.ok(ada.ok)
  const server = await createSite(authority)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close(() => void authority.close())
  })
  const page = await (await openBrowser(t)).newPage()
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  await page.getByText('You are not logged in.').waitFor()
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByText('You are ada.').waitFor()
  await authority.sessions.end({ owner: ada.actor.id })
  await page.getByText('Your session has ended: revoked.').waitFor()
})
