import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { build } from 'esbuild'
import { createAuthority } from 'latchkey'
import { createRegistry } from 'latchkey/commands'
import { createConnections } from 'latchkey/connections'
import { createMageDoor, DEFAULT_STREAM, mageCodec } from 'latchkey/doors/mage'
import { memory } from 'latchkey/stores/memory'
import type { Page } from 'playwright-core'
import { createMessageStream, refuseUpgrade } from '../src/doors/mage/message-stream/index.ts'
import { openBrowser, noChromium as skip } from './support/chromium.ts'

const FILES: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "seed", "version": "1.2.3", "type": "commonjs" }',
  'lib/index.js': "mage.useModules(['session', 'config'])\n",
  'lib/modules/players/index.js': '',
  'lib/modules/players/usercommands/login.js': `var mage = require('mage')
exports.acl = ['*']
exports.execute = function (state, username, password, callback) {
  mage.auth.login(state, username, password, function (error) {
    if (error) return state.error(error.code, error, callback)
    callback()
  })
}
`,
  'lib/modules/players/usercommands/poke.js': `exports.acl = ['user']
exports.execute = async function (state, actorId, what) {
  state.emit(actorId, 'players.poked', { by: state.actorId, what: what })
}
`,
}

const PAGE = `
import mage from 'mage-sdk-js'
import session from 'mage-sdk-js.session'

globalThis.heard = []
globalThis.boot = (endpoint) => new Promise((resolve, reject) => {
  mage.setEndpoint(endpoint)
  mage.configure(async (error) => {
    if (error) return reject(error)
    await mage.setupModule('session', session)
    for (const name of ['players.poked', 'session.unset']) {
      mage.eventManager.on(name, (path, data) => globalThis.heard.push([path, data]))
    }
    resolve(mage.appVersion)
  })
})
globalThis.login = async (username, password) => {
  await mage.players.login(username, password)
  return session.getActorId()
}
globalThis.keyOf = () => session.getKey()
`

interface Client {
  heard: [string, unknown][]
  boot(endpoint: string): Promise<string>
  login(username: string, password: string): Promise<string>
  keyOf(): string | null
}

/** Serves the game, its stream and a page with the client, over a real port. Gone after the test. */
async function serve(t: TestContext, detect: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-browser-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const bundled = await build({
    stdin: { contents: PAGE, resolveDir: resolve(import.meta.dirname, '..') },
    bundle: true,
    write: false,
    format: 'iife',
  })
  const script = bundled.outputFiles[0]?.text ?? ''
  const errors: unknown[] = []
  const onError = (error: unknown) => errors.push(error)
  const authority = await createAuthority({
    store: memory(),
    codecs: [mageCodec],
    passwords: { memoryKiB: 8, passes: 1 },
    settings: { 'password.minLength': 1, 'password.blocklist': false },
    onError,
  })
  const connections = createConnections({ authority })
  const door = await createMageDoor({
    authority,
    connections,
    registry: createRegistry([]),
    modules: join(folder, 'lib/modules'),
    development: true,
    stream: { ...DEFAULT_STREAM, detect },
    onError,
  })
  const { services, callerOf, allowsHost, cors } = door
  const stream = createMessageStream({ services, connections, callerOf, allowsHost, cors, onError })
  const server = createServer((request, response) => {
    if (stream.handle(request, response) || door.handle(request, response)) return
    const isScript = request.url === '/client.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : '<!doctype html><script src="/client.js"></script>')
  })
  server.on('upgrade', (request, socket, head) => {
    if (!stream.upgrade(request, socket, head)) refuseUpgrade(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    stream.close()
    server.close()
    server.closeAllConnections()
    connections.close()
    await door.close()
    await authority.close()
  })
  const { port } = server.address() as AddressInfo
  return { authority, connections, errors, url: `http://127.0.0.1:${port}` }
}

async function openPage(t: TestContext, url: string): Promise<Page> {
  const page = await (await openBrowser(t)).newPage()
  await page.goto(url)
  return page
}

const heard = (page: Page, count: number) =>
  page
    .waitForFunction((least) => (globalThis as unknown as Client).heard.length >= least, count)
    .then(() => page.evaluate(() => (globalThis as unknown as Client).heard))

for (const transport of ['websocket', 'longpolling']) {
  const name = `MAGE's client boots, logs in and receives an event over ${transport}, in a browser`
  test(name, { skip, timeout: 60_000 }, async (t) => {
    const { authority, connections, errors, url } = await serve(t, [transport])
    const registration = { name: 'ann', password: 'secret', roles: ['user'] }
    const registered = await authority.actors.register(registration)
    assert.ok(registered.ok)
    const { id } = registered.actor
    const page = await openPage(t, url)
    const client = (call: 'boot' | 'login' | 'keyOf', args: readonly string[]) =>
      page.evaluate(
        ([verb, given]) => {
          const own = globalThis as unknown as Record<string, (...all: string[]) => unknown>
          return own[verb]?.(...given)
        },
        [call, args] as const,
      )
    assert.equal(await client('boot', [url]), '1.2.3')
    assert.equal(await client('login', ['ann', 'secret']), id)
    await connections.send(id, { name: 'players.poked', data: { what: 'first' } })
    assert.deepEqual(await heard(page, 1), [['players.poked', { what: 'first' }]])
    await connections.send(id, { name: 'players.poked', data: { what: 'second' } })
    assert.deepEqual((await heard(page, 2))[1], ['players.poked', { what: 'second' }])
    assert.equal(connections.list(id)[0]?.door, 'mage')

    await authority.sessions.end({ owner: id })
    assert.deepEqual((await heard(page, 3))[2], ['session.unset', 'revoked'])
    assert.equal(await client('keyOf', []), null)
    assert.deepEqual(errors, [])
  })
}
