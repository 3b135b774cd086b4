import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import type { BrowserClient, BrowserClientOptions } from 'latchkey/browser'
import type { ServerConfig } from 'latchkey/server'
import type { Page } from 'playwright-core'
import { openBrowser, noChromium as skip } from './support/chromium.ts'
import { openHttpServer, PASSWORD } from './support/http-server.ts'

const MAX_BYTES = 4096

const bundle = () =>
  build({
    entryPoints: [resolve(import.meta.dirname, '../src/browser/index.ts')],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    metafile: true,
  })

test(`the browser client has at most ${MAX_BYTES} bytes, and nothing but its own files`, async (t) => {
  const { outputFiles, metafile } = await bundle()
  const size = gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length
  t.diagnostic(`${size} bytes gzipped`)
  assert.ok(size > 0 && size <= MAX_BYTES, `${size} bytes`)
  const foreign = Object.keys(metafile.inputs).filter((file) => !file.startsWith('src/browser/'))
  assert.deepEqual(foreign, [])
})

/** A page with a client and what the client reported. */
interface PageGlobals {
  client: BrowserClient
  heard: string[]
}

const page = (options: BrowserClientOptions) => `<!doctype html><script type="module">
  import { createBrowserClient } from '/client.js'
  const client = createBrowserClient(${JSON.stringify(options)})
  globalThis.heard = []
  client.onLogin(() => heard.push('login'))
  client.onLogout(() => heard.push('logout'))
  client.onEnded((reason) => heard.push('ended ' + reason))
  globalThis.client = client
</script>`

/** Serves the API and a page, and opens a browser. */
async function open(t: TestContext, options: BrowserClientOptions = {}, config: ServerConfig = {}) {
  const server = await openHttpServer(t, { dev: true, ...config })
  const registered = await server.authority.actors.register({ name: 'ada', password: PASSWORD })
  assert.ok(registered.ok)
  const script = (await bundle()).outputFiles[0]?.text ?? ''
  const context = await openBrowser(t)
  await context.route('**/page', (route) =>
    route.fulfill({ contentType: 'text/html', body: page(options) }),
  )
  await context.route('**/client.js', (route) =>
    route.fulfill({ contentType: 'text/javascript', body: script }),
  )
  const openTab = async () => {
    const tab = await context.newPage()
    await tab.goto(`${server.url}/page`)
    await tab.waitForFunction(() => 'client' in globalThis)
    return tab
  }
  return { ...server, context, openTab, ada: registered.actor.id }
}

const logIn = (tab: Page, profile?: 'web' | 'device') =>
  tab.evaluate(
    async ([password, profile]) => {
      const { client } = globalThis as unknown as PageGlobals
      const proof = { identity: 'ada', password, ...(profile && { profile }) }
      return (await client.login(proof)).session.id
    },
    [PASSWORD, profile] as const,
  )

/** Waits until a page has heard so much, and returns it. */
const heard = async (tab: Page, count: number) => {
  await tab.waitForFunction((n) => (globalThis as unknown as PageGlobals).heard.length >= n, count)
  return tab.evaluate(() => (globalThis as unknown as PageGlobals).heard)
}

const until = async (condition: () => boolean) => {
  for (const deadline = Date.now() + 10_000; !condition(); ) {
    assert.ok(Date.now() < deadline, 'the condition did not hold in time')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('every tab hears a login, and an end on the server at once, over one stream', {
  skip,
}, async (t) => {
  const { openTab, authority, connections, ada } = await open(t)
  const tabs = [await openTab(), await openTab(), await openTab()] as const
  const id = await logIn(tabs[0])
  for (const tab of tabs) assert.deepEqual(await heard(tab, 1), ['login'])
  await until(() => connections.size === 1)
  assert.equal(connections.list(ada)[0]?.current.session.id, id)
  await authority.sessions.end({ id })
  for (const tab of tabs) assert.deepEqual(await heard(tab, 2), ['login', 'ended revoked'])
  const current = await tabs[2].evaluate(
    () => (globalThis as unknown as PageGlobals).client.current,
  )
  assert.equal(current, null)
})

test('when the tab with the stream closes, another one takes over', { skip }, async (t) => {
  const { openTab, authority, connections, ada } = await open(t)
  const [first, second] = [await openTab(), await openTab()]
  const id = await logIn(second)
  await heard(first, 1)
  await until(() => connections.size === 1)
  const stream = connections.list(ada)[0]?.id
  await first.close()
  await until(() => ![undefined, stream].includes(connections.list(ada)[0]?.id))
  await authority.sessions.end({ id })
  assert.deepEqual(await heard(second, 2), ['login', 'ended revoked'])
})

test('a logout is a logout in every tab, and a second login replaces the first', {
  skip,
}, async (t) => {
  const { openTab, connections } = await open(t)
  const [first, second] = [await openTab(), await openTab()]
  await logIn(first)
  await heard(second, 1)
  await until(() => connections.size === 1)
  const id = await logIn(second)
  assert.deepEqual(await heard(first, 2), ['login', 'login'])
  await until(() => connections.size === 1)
  assert.equal(
    await first.evaluate(() => (globalThis as unknown as PageGlobals).client.current?.session.id),
    id,
  )
  await first.evaluate(() => (globalThis as unknown as PageGlobals).client.logout())
  for (const tab of [first, second]) {
    assert.deepEqual(await heard(tab, 3), ['login', 'login', 'logout'])
  }
})

test('a page without a session opens no stream and asks once', { skip }, async (t) => {
  const { openTab, context } = await open(t)
  const asked: string[] = []
  context.on('request', (request) => asked.push(new URL(request.url()).pathname))
  const tab = await openTab()
  await tab.waitForFunction(() => (globalThis as unknown as PageGlobals).client.current === null)
  assert.deepEqual(
    asked.filter((path) => path.startsWith('/v1/')),
    ['/v1/session'],
  )
})

test('two tabs renew a bearer token once, when half of its life has passed', {
  skip,
}, async (t) => {
  const { openTab, context } = await open(t, { tokens: 'bearer' })
  const tabs = [await openTab(), await openTab()] as const
  await logIn(tabs[0], 'device')
  await heard(tabs[1], 1)
  await tabs[0].evaluate(() => {
    const [key] = Object.keys(localStorage)
    const tokens = JSON.parse(localStorage.getItem(key ?? '') ?? '{}')
    localStorage.setItem(key ?? '', JSON.stringify({ ...tokens, renewAt: 0 }))
  })
  const renewals: string[] = []
  context.on('request', (request) => {
    if (request.url().endsWith('/v1/session/renew')) renewals.push(request.url())
  })
  const lists = await Promise.all(
    tabs.flatMap((tab) =>
      [1, 2].map(() =>
        tab.evaluate(
          async () => (await (globalThis as unknown as PageGlobals).client.listSessions()).length,
        ),
      ),
    ),
  )
  assert.deepEqual(lists, [1, 1, 1, 1])
  assert.equal(renewals.length, 1)
})

test('a bearer token goes to no other server', { skip }, async (t) => {
  const { openTab, context } = await open(t, { tokens: 'bearer' })
  const sent: (string | undefined)[] = []
  await context.route('http://other.example/**', (route) => {
    sent.push(route.request().headers()['authorization'])
    return route.fulfill({ headers: { 'access-control-allow-origin': '*' }, body: 'ok' })
  })
  const tab = await openTab()
  await logIn(tab)
  const answers = await tab.evaluate(async () => {
    const { client } = globalThis as unknown as PageGlobals
    const other = await client.fetch('http://other.example/data')
    const own = await client.fetch('/v1/session')
    return [await other.text(), own.status]
  })
  assert.deepEqual(answers, ['ok', 200])
  assert.deepEqual(sent, [undefined])
})

test('a refusal is an error with its code, and a wrong password does not end the session', {
  skip,
}, async (t) => {
  const { openTab } = await open(t)
  const tab = await openTab()
  await logIn(tab)
  const codes = await tab.evaluate(async () => {
    const { client } = globalThis as unknown as PageGlobals
    const code = (error: { code?: string }) => error.code
    return [
      await client.stepUp('wrong').catch(code),
      await client.login({ identity: 'ada', password: 'wrong' }).catch(code),
      await client.endSession('x'.repeat(25)).then(() => 'ended', code),
      await client.request('GET', '/v1/nothing').catch(code),
      client.current?.actor.name,
    ]
  })
  assert.deepEqual(codes, [
    'credentials_invalid',
    'credentials_invalid',
    'not_found',
    'not_found',
    'ada',
  ])
})
