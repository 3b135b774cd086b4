import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { makeHome, PASSWORD, startAgent } from './agent-support.ts'
import { file, run, temporaryFolder } from './support.ts'

const statusOf = (nodePath: string) =>
  JSON.parse(readFileSync(join(nodePath, 'status.json'), 'utf8'))

describe('the environment of an agent', { concurrency: 2 }, () => {
  for (const HOME of ['', 'relative']) {
    test(`the home “${HOME}” puts no secret into the current folder`, async (t) => {
      const cwd = temporaryFolder(t)
      for (const args of [['status'], ['lock'], ['start', '--http', 'off']]) {
        const { code, stderr } = await run(['agent', ...args], { cwd, env: { HOME } })
        assert.match(stderr, /^latchkey: --node-path is missing: the user has no home folder\. /)
        assert.equal(code, 64)
      }
      assert.deepEqual(readdirSync(cwd), [])
    })
  }

  test('an agent in the background has no password and no token in its environment', {
    skip: process.platform === 'linux' ? false : 'only Linux shows the environment in a file',
  }, async (t) => {
    const home = makeHome(t)
    const env = { LATCHKEY_PASSWORD: PASSWORD, LATCHKEY_TOKEN: 'abc' }
    const args = ['agent', 'start', '--background', '--http', 'off', '--grpc', '127.0.0.1:0']
    const started = await home.latchkey(args, { env })
    assert.equal(started.code, 0, started.stderr)
    const kept = readFileSync(`/proc/${statusOf(home.nodePath).pid}/environ`, 'utf8')
    assert.match(kept, /LATCHKEY_GRPC=/)
    assert.doesNotMatch(kept, /LATCHKEY_(PASSWORD|TOKEN)/)
    assert.equal((await home.latchkey(['agent', 'unlock'], { env })).code, 0)
  })

  test('two agents on one machine can both be unlocked, whichever has the default port', async (t) => {
    // An empty variable counts as unset.
    const env = { LATCHKEY_GRPC: '', LATCHKEY_PASSWORD: PASSWORD }
    for (const home of [makeHome(t), makeHome(t)]) {
      const args = ['agent', 'start', '--background', '--http', '127.0.0.1:0']
      const started = await home.latchkey(args, { env })
      assert.match(started.stdout, /^grpc listens on grpcs:/m, started.stderr)
      assert.equal((await home.latchkey(['agent', 'unlock'], { env })).code, 0)
    }
  })

  test('a LATCHKEY_TOKEN that is not valid is reported, and status works without it', async (t) => {
    const home = makeHome(t)
    await startAgent(home)
    await home.latchkey(['agent', 'unlock', '--password-file', home.passwordFile])
    for (const LATCHKEY_TOKEN of ['dead', 'no token', 'x'.repeat(5000)]) {
      const env = { LATCHKEY_TOKEN }
      const status = await home.latchkey(['agent', 'status'], { env })
      assert.match(status.stdout, /^session: locked$/m)
      assert.equal(status.code, 0, status.stderr)
      const dead = await home.latchkey(['sessions', 'list'], { env })
      assert.match(dead.stderr, /^latchkey: Invalid JWT Token.* Run: unset LATCHKEY_TOKEN\n$/)
      assert.equal(dead.code, 65)
    }
  })

  test('a session that cannot be saved is ended', async (t) => {
    const home = makeHome(t)
    await startAgent(home)
    const { addresses, ca } = statusOf(home.nodePath)
    const { address } = addresses.find(({ door }: { door: string }) => door === 'grpc')
    const nodePath = file(home.home, 'no folder', '')
    const to = ['--server', address, '--ca', ca, '--password-file', home.passwordFile]
    const unlock = ['agent', 'unlock', '--node-path', nodePath, ...to]
    const { code, stderr } = await home.latchkey(unlock)
    assert.match(stderr, /cannot be used\. \(unavailable, ENOTDIR\)/)
    assert.equal(code, 74)
    await home.latchkey(['agent', 'unlock', '--password-file', home.passwordFile])
    const { stdout } = await home.latchkey(['sessions', 'list', '--format', 'json'])
    assert.equal(JSON.parse(stdout).length, 1)
  })

  test('an endless password file is read up to the limit of a password', async (t) => {
    const home = makeHome(t)
    await startAgent(home)
    for (const endless of ['/dev/zero', file(home.home, 'long', 'x'.repeat(10_000))]) {
      const { code, stderr } = await home.latchkey(['agent', 'unlock', '--password-file', endless])
      assert.match(stderr, /is too long for a password\. \(invalid_request\)\n$/)
      assert.equal(code, 64)
    }
  })

  test('while the agent is stopped, its token is not sent to another program on the default port', async (t) => {
    const home = makeHome(t)
    await startAgent(home)
    await home.latchkey(['agent', 'unlock', '--password-file', home.passwordFile])
    await home.latchkey(['agent', 'stop'])
    const received: (string | undefined)[] = []
    const other = createServer((request, response) => {
      received.push(request.headers.authorization)
      response.writeHead(401).end()
    })
    await new Promise<void>((resolve) => {
      other.once('error', () => resolve())
      other.listen(8080, '127.0.0.1', resolve)
    })
    t.after(() => other.close())
    const { code, stderr } = await home.latchkey(['sessions', 'list'])
    assert.match(stderr, /^latchkey: The agent is not running\. Start it with /)
    assert.equal(code, 69)
    assert.deepEqual(received, [])
    // Another server gets nothing, even one that the user names.
    const named = await home.latchkey(['whoami', '--server', 'http://127.0.0.1:8080'])
    assert.match(named.stderr, /belongs to the local agent, not to http:\/\/127\.0\.0\.1:8080\//)
    assert.equal(named.code, 77)
    assert.deepEqual(received, [])
  })
})
