import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { file, logIn, run, serve, temporaryFolder } from './support.ts'

/** A server that records the credentials that it receives. */
async function openRecorder(t: TestContext) {
  const received: string[] = []
  const server = createServer((request, response) => {
    received.push(request.headers.authorization ?? '')
    response.writeHead(401, { 'content-type': 'application/json' }).end('{"code":"token_missing"}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  return { url: `http://127.0.0.1:${port}`, received }
}

async function openHome(t: TestContext) {
  const folder = temporaryFolder(t)
  const server = await serve(t, ['--dev', '--store', 'memory'])
  await logIn(server.url, 'ada')
  const password = file(folder, 'password', 'p')
  const latchkey = (args: readonly string[], env: Record<string, string> = {}) =>
    run(args, { env: { LATCHKEY_NODE_PATH: folder, LATCHKEY_SERVER: server.url, ...env } })
  const login = ['login', '--identity', 'ada', '--password-file', password]
  return { folder, latchkey, login, server, tokenFile: `${folder}/client/token` }
}

test('a saved session is sent to the server that it was saved for, and to no other', async (t) => {
  const { folder, latchkey, login, server } = await openHome(t)
  const recorder = await openRecorder(t)
  assert.equal((await latchkey([...login, '--save'])).code, 0)
  const saved = JSON.parse(readFileSync(`${folder}/client/server.json`, 'utf8'))
  assert.equal(saved.server, `${server.url}/`)
  assert.match((await latchkey(['whoami'])).stdout, /^name: +ada$/m)
  for (const args of [['whoami'], ['sessions', 'list'], ['logout']]) {
    const { code, stderr } = await latchkey(args, { LATCHKEY_SERVER: recorder.url })
    assert.match(stderr, /belongs to http.*, not to http.*\(access_denied\)/, args.join(' '))
    assert.equal(code, 77)
  }
  assert.deepEqual(recorder.received, [])
  assert.match((await latchkey(['whoami'])).stdout, /^name: +ada$/m)
  assert.equal((await latchkey(['logout'])).code, 0)
  assert.equal(existsSync(`${folder}/client/server.json`), false)
})

test('a saved session is not sent without encryption beyond this machine', async (t) => {
  const { folder, latchkey, login } = await openHome(t)
  assert.equal((await latchkey([...login, '--save'])).code, 0)
  const far = 'http://192.0.2.1:8080/'
  file(`${folder}/client`, 'server.json', JSON.stringify({ server: far, ca: null }))
  const { code, stderr } = await latchkey(['whoami'], { LATCHKEY_SERVER: far })
  assert.match(stderr, /not sent without encryption beyond this machine/)
  assert.equal(code, 77)
})

test('a login that is saved warns while LATCHKEY_TOKEN takes precedence', async (t) => {
  const { latchkey, login } = await openHome(t)
  const quiet = await latchkey([...login, '--save'])
  assert.equal(quiet.stderr, '')
  const { stderr } = await latchkey([...login, '--save'], { LATCHKEY_TOKEN: 'old' })
  assert.match(stderr, /^latchkey: warning: LATCHKEY_TOKEN is set and takes precedence/)
})

test('a token is read from a mounted file, through a link, with a warning where others can read it', async (t) => {
  const { folder, latchkey, login, tokenFile } = await openHome(t)
  const { stdout } = await latchkey(login)
  const mounted = file(folder, 'mounted', stdout)
  chmodSync(mounted, 0o644)
  symlinkSync(mounted, `${folder}/link`)
  const given = ['whoami', '--token-file', `${folder}/link`]
  const read = await latchkey(given, { LATCHKEY_TOKEN: 'other' })
  assert.match(read.stdout, /^name: +ada$/m)
  assert.match(read.stderr, /^latchkey: warning: --token-file: .* can be read by other users\.\n$/)
  chmodSync(mounted, 0o600)
  const variable = await latchkey(['whoami'], { LATCHKEY_TOKEN_FILE: mounted })
  assert.deepEqual([variable.code, variable.stderr], [0, ''])
  assert.equal(readFileSync(mounted, 'utf8'), stdout)
  assert.equal(existsSync(tokenFile), false)
  const none = await latchkey(['whoami', '--token-file', `${folder}/none`])
  assert.equal(none.code, 66)
})
