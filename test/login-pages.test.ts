import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type TestContext, test } from 'node:test'
import { memory } from 'latchkey/stores/memory'
import { fakeClock } from 'latchkey/testing'
import type { BrowserContext, Page } from 'playwright-core'
import { openBrowser, noChromium as skip } from './support/chromium.ts'
import { openHttpServer, PASSWORD } from './support/http-server.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const NEXT_PASSWORD = 'nine calm herons at dusk'
const SHOTS = process.env['LATCHKEY_SHOTS']

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string }[]
}

/** Asserts that axe-core finds nothing on a page. The page's policy allows no inline script, so axe runs in a world of its own. */
async function checkAccessible(page: Page, name: string): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const { frameTree } = await session.send('Page.getFrameTree')
  const { executionContextId: contextId } = await session.send('Page.createIsolatedWorld', {
    frameId: frameTree.frame.id,
  })
  await session.send('Runtime.evaluate', { contextId, expression: AXE })
  const expression = `axe.run().then(({ violations }) => JSON.stringify(violations))`
  const { result } = await session.send('Runtime.evaluate', {
    contextId,
    expression,
    awaitPromise: true,
  })
  const found: readonly Violation[] = JSON.parse(String(result.value))
  const shown = found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
  assert.deepEqual(shown, [], name)
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  assert.ok(overflow <= 0, `${name}: ${overflow} px wider than the window`)
  if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true })
}

/** Collects what a browser refuses to run or load. */
function watchPolicy(context: BrowserContext): string[] {
  const messages: string[] = []
  context.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy/.test(message.text())) {
      messages.push(message.text())
    }
  })
  return messages
}

async function open(t: TestContext, options: Parameters<typeof openBrowser>[1] = {}) {
  const clock = fakeClock(Date.now())
  const server = await openHttpServer(t, { dev: true, store: memory({ clock }) })
  const context = await openBrowser(t, options)
  const refused = watchPolicy(context)
  t.after(() => assert.deepEqual(refused, []))
  return { ...server, context, clock }
}

const submit = (page: Page, name: string) =>
  Promise.all([
    page.waitForEvent('framenavigated'),
    page.getByRole('button', { name, exact: true }).click(),
  ])

async function logIn(page: Page, url: string, password = PASSWORD): Promise<void> {
  await page.goto(`${url}/login`)
  await page.getByLabel('Name or e-mail').fill('ada')
  await page.getByLabel('Password').fill(password)
  await submit(page, 'Log in')
}

const LOOKS = [
  { name: 'phone-light', viewport: { width: 390, height: 844 }, colorScheme: 'light' },
  { name: 'phone-dark', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
  { name: 'desktop-light', viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  { name: 'desktop-dark', viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
] as const

for (const { name: look, ...options } of LOOKS) {
  test(`the pages are accessible and fit the window: ${look}`, { skip }, async (t) => {
    const { url, context, authority } = await open(t, options)
    const page = await context.newPage()
    await page.goto(url)
    await checkAccessible(page, `${look}-login`)
    await page.getByRole('link', { name: 'Register' }).click()
    await checkAccessible(page, `${look}-register`)
    await page.getByLabel('Name', { exact: true }).fill('ada')
    await page.getByLabel('New password').fill(PASSWORD)
    await submit(page, 'Register')
    const heading = page.getByRole('heading', { level: 1 })
    assert.equal(await heading.textContent(), 'My sessions')
    const phone = { userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19.0 Safari/605' }
    const source = { door: 'http', address: '2001:db8:1234:5678:9abc:def0:1234:5678', ...phone }
    const other = await authority.login({ identity: 'ada', password: PASSWORD }, source)
    assert.ok(other.ok)
    await page.reload()
    await checkAccessible(page, `${look}-sessions`)
    await page.getByRole('link', { name: 'Change password' }).click()
    await checkAccessible(page, `${look}-password`)
    await page.getByLabel('Current password').fill('wrong')
    await page.getByLabel('New password').fill(NEXT_PASSWORD)
    await submit(page, 'Change password')
    await page.getByRole('link', { name: 'The password is wrong.' }).waitFor()
    await checkAccessible(page, `${look}-password-error`)
    const device = await authority.devices.start({ client: 'living room' })
    assert.ok(device.ok)
    await page.goto(`${url}/oauth/device?user_code=${device.userCode}`)
    await checkAccessible(page, `${look}-device`)
    await submit(page, 'Go on')
    await checkAccessible(page, `${look}-device-question`)
    await page.goto(`${url}/account/confirm`)
    await checkAccessible(page, `${look}-confirm`)
  })
}

test('a user logs in by keyboard alone, and a wrong password is explained at once', {
  skip,
}, async (t) => {
  const { url, context, authority } = await open(t)
  await authority.actors.register({ name: 'ada', password: PASSWORD })
  const page = await context.newPage()
  await page.goto(`${url}/account/password`)
  assert.equal(new URL(page.url()).pathname, '/login')
  const type = async (password: string) => {
    await page.getByLabel('Name or e-mail').focus()
    await page.keyboard.press('Control+A')
    await page.keyboard.type('ada')
    await page.keyboard.press('Tab')
    await page.keyboard.type(password)
    await Promise.all([page.waitForEvent('framenavigated'), page.keyboard.press('Enter')])
  }
  await type('wrong')
  await page.getByRole('alert').getByText('The name or the password is wrong.').waitFor()
  assert.match(await page.title(), /^Error: /)
  const focused = await page.evaluate(() => document.activeElement?.getAttribute('role'))
  assert.equal(focused, 'alert')
  assert.equal(await page.getByLabel('Name or e-mail').inputValue(), 'ada')
  assert.equal(await page.getByLabel('Password').inputValue(), '')
  await type(PASSWORD)
  assert.equal(new URL(page.url()).pathname, '/account/password')
})

test('a session that is ended elsewhere disappears, and its own page says why', {
  skip,
}, async (t) => {
  const { url, context, authority } = await open(t)
  await authority.actors.register({ name: 'ada', password: PASSWORD })
  const other = await openBrowser(t, { userAgent: 'Mozilla/5.0 (X11; Linux) Firefox/140.0' })
  const [here, there] = [await context.newPage(), await other.newPage()]
  await logIn(there, url)
  await logIn(here, url)
  const rows = here.locator('.sessions li')
  assert.equal(await rows.count(), 2)
  const second = await context.newPage()
  await second.goto(`${url}/account`)
  await here.getByRole('button', { name: 'End the session Firefox on Linux' }).click()
  await there.getByText('Your session was ended. Log in again.').waitFor()
  await second.getByText('A session has ended.').waitFor()
  assert.equal(await second.locator('.sessions li').count(), 1)
  await rows.nth(1).waitFor({ state: 'detached' })
})

test('a changed password ends the other sessions, and a logout ends this one in every tab', {
  skip,
}, async (t) => {
  const { url, context, authority } = await open(t)
  const ada = await authority.actors.register({ name: 'ada', password: PASSWORD })
  assert.ok(ada.ok)
  await authority.login({ identity: 'ada', password: PASSWORD })
  const page = await context.newPage()
  await logIn(page, url)
  await page.getByRole('link', { name: 'Change password' }).click()
  await page.getByLabel('Current password').fill(PASSWORD)
  await page.getByLabel('New password').fill(NEXT_PASSWORD)
  await submit(page, 'Change password')
  await page.getByText('The password is changed.').waitFor()
  assert.equal(await authority.sessions.count({ owner: ada.actor.id }), 1)
  const tab = await context.newPage()
  await tab.goto(`${url}/account`)
  await submit(page, 'Log out')
  await page.getByText('You are logged out.').waitFor()
  await tab.getByText('You are logged out.').waitFor()
  assert.equal(await authority.sessions.count({ owner: ada.actor.id }), 0)
  assert.deepEqual(await context.cookies(), [])
})

test('a device is approved after a fresh proof', { skip }, async (t) => {
  const { url, context, authority, clock } = await open(t)
  await authority.actors.register({ name: 'ada', password: PASSWORD })
  const device = await authority.devices.start({ client: 'living room' })
  assert.ok(device.ok)
  const page = await context.newPage()
  await logIn(page, url)
  await authority.settings.set('session.freshMs', 60_000)
  clock.advance(61_000)
  await page.goto(`${url}/account/device`)
  await page.getByLabel('Code').fill('NONE-SUCH')
  await submit(page, 'Go on')
  await page.getByLabel('Password').fill(PASSWORD)
  await submit(page, 'Go on')
  await submit(page, 'Go on')
  await page.getByRole('link', { name: 'The code is wrong' }).waitFor()
  await page.getByLabel('Code').fill(device.userCode)
  await submit(page, 'Go on')
  await page.getByText('living room').waitFor()
  await submit(page, 'Approve')
  await page.getByText('The device is approved.').waitFor()
  const polled = await authority.devices.poll(device.deviceCode)
  assert.equal(polled.ok && polled.state, 'approved')
})
