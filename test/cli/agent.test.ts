import assert from 'node:assert/strict'
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Home, makeHome, PASSWORD, startAgent } from './agent-support.ts'
import { call, file, type Ran, waitUntil } from './support.ts'

const cleanups: (() => unknown)[] = []
const suite = { after: (cleanup: () => unknown) => void cleanups.push(cleanup) }
let mine: Home
let started: Ran
after(async () => {
  for (const cleanup of cleanups) await cleanup()
})

const NO_TOKEN = /^latchkey: JWT Token not provided in metadata /
const DEAD_TOKEN = /^latchkey: Invalid JWT Token, please reauthenticate\. /

describe('an agent and its session', () => {
  before(async () => {
    mine = makeHome(suite)
    started = await startAgent(mine)
  })

  const latchkey = (...args: string[]) => mine.latchkey(args)
  const unlock = () => latchkey('agent', 'unlock', '--password-file', mine.passwordFile)
  const statusOf = async () =>
    JSON.parse((await latchkey('agent', 'status', '--format', 'json')).stdout)

  test('start in the background returns when the agent is ready, prints its addresses and creates the owner', async () => {
    assert.equal(started.code, 0, started.stderr)
    assert.match(started.stdout, /^grpc listens on grpcs:\/\/127\.0\.0\.1:\d+$/m)
    assert.match(started.stdout, /^The owner is owner\. /m)
    const status = JSON.parse(readFileSync(join(mine.nodePath, 'status.json'), 'utf8'))
    assert.deepEqual(Object.keys(status), ['pid', 'version', 'startedAt', 'addresses', 'ca'])
    for (const name of ['status.json', 'agent.log', 'agent.lock']) {
      assert.equal(lstatSync(join(mine.nodePath, name)).mode & 0o777, 0o600, name)
    }
    assert.equal(lstatSync(mine.nodePath).mode & 0o777, 0o700)
    assert.doesNotMatch(readFileSync(join(mine.nodePath, 'agent.log'), 'utf8'), /otters/)
  })

  test('a second start exits with 75 and changes nothing', async () => {
    for (const more of [['--background'], []]) {
      const { code, stderr } = await latchkey('agent', 'start', '--grpc', '127.0.0.1:0', ...more)
      assert.match(
        stderr,
        /^latchkey: The agent is already running \(process \d+\)\. \(conflict\)\n$/,
      )
      assert.equal(code, 75)
    }
    assert.equal((await statusOf()).status, 'running')
  })

  test('status needs no session: locked, unlocked, and when the session expires', async () => {
    const locked = await statusOf()
    assert.equal(locked.session, 'locked')
    assert.equal(locked.expiresAt, null)
    assert.equal(locked.hasOwner, true)
    assert.match(
      (await unlock()).stdout,
      /^Unlocked. The session expires at \S+ unless it is used\.\n$/,
    )
    const unlocked = await statusOf()
    assert.equal(unlocked.session, 'unlocked')
    assert.ok(unlocked.expiresAt > Date.now() && unlocked.expiresAt <= Date.now() + 600_000)
    const human = await latchkey('agent', 'status')
    assert.match(human.stdout, /^session: unlocked; expires at /m)
    writeFileSync(mine.sessionFile, 'dead')
    assert.equal((await statusOf()).session, 'locked')
  })

  test('unlock saves the token and nothing else, and does not print it', async () => {
    const { code, stdout, stderr } = await unlock()
    assert.equal(code, 0, stderr)
    assert.match(mine.token() ?? '', /^[\w-]+\.[\w-]+\.[\w-]+$/)
    assert.ok(!stdout.includes(mine.token() ?? ''))
    assert.equal(lstatSync(mine.sessionFile).mode & 0o777, 0o600)
    const json = await latchkey(
      'agent',
      'unlock',
      '--password-file',
      mine.passwordFile,
      '--format',
      'json',
    )
    assert.deepEqual(Object.keys(JSON.parse(json.stdout)), ['sessionId', 'expiresAt'])
  })

  test('a wrong password exits with 77, is tried once, and keeps the present session', async () => {
    await unlock()
    const before = mine.token()
    const wrong = file(mine.home, 'wrong', 'hunter2 hunter2')
    const { code, stdout, stderr } = await latchkey('agent', 'unlock', '--password-file', wrong)
    assert.match(stderr, /\(credentials_invalid\)\n$/)
    assert.equal(stderr.trimEnd().split('\n').length, 1)
    assert.doesNotMatch(stdout + stderr, /hunter2/)
    assert.equal(code, 77)
    assert.equal(mine.token(), before)
  })

  test('the password file overrides LATCHKEY_PASSWORD, which overrides LATCHKEY_TOKEN, which overrides the session file', async () => {
    await unlock()
    const whoami = (env: Record<string, string>) => mine.latchkey(['whoami'], { env })
    assert.equal((await whoami({})).code, 0)
    const dead = await whoami({ LATCHKEY_TOKEN: 'dead' })
    assert.match(dead.stderr, DEAD_TOKEN)
    assert.equal(dead.code, 65)
    const lockAll = (env: Record<string, string>, ...more: string[]) =>
      mine.latchkey(['agent', 'lockall', '--yes', ...more], { env })
    const wrong = { LATCHKEY_TOKEN: mine.token() ?? '', LATCHKEY_PASSWORD: 'wrong' }
    assert.equal((await lockAll(wrong)).code, 77)
    assert.equal((await whoami({})).code, 0)
    const right = ['--password-file', mine.passwordFile]
    assert.equal((await lockAll({ LATCHKEY_PASSWORD: 'wrong' }, ...right)).code, 0)
    assert.equal(mine.token(), null)
    assert.equal((await lockAll({ LATCHKEY_PASSWORD: PASSWORD, LATCHKEY_TOKEN: 'dead' })).code, 0)
  })

  test('a token from the environment is never saved', async () => {
    await unlock()
    const token = mine.token() ?? ''
    await latchkey('agent', 'lock')
    const { code, stdout } = await mine.latchkey(['whoami'], { env: { LATCHKEY_TOKEN: token } })
    assert.match(stdout, /^name: +owner$/m)
    assert.equal(code, 0)
    assert.equal(mine.token(), null)
    const env = { LATCHKEY_PASSWORD: PASSWORD }
    assert.equal((await mine.latchkey(['agent', 'unlock'], { env })).code, 0)
    assert.ok(mine.token(), 'the session of unlock is saved')
  })

  test('lock removes the session file; every command then exits with 77', async () => {
    await unlock()
    const { code, stdout } = await latchkey('agent', 'lock')
    assert.equal(stdout, 'Locked.\n')
    assert.equal(code, 0)
    assert.equal(existsSync(mine.sessionFile), false)
    for (const args of [
      ['whoami'],
      ['sessions'],
      ['actors'],
      ['logout'],
      ['agent', 'lockall', '--yes'],
    ]) {
      const refused = await latchkey(...args)
      assert.match(refused.stderr, NO_TOKEN, args.join(' '))
      assert.equal(refused.code, 77)
    }
  })

  test('lockall ends every session of the actor and removes the session file', async () => {
    await unlock()
    const other = mine.token() ?? ''
    await unlock()
    const unsure = await latchkey('agent', 'lockall')
    assert.match(unsure.stderr, /^latchkey: --yes is missing\./)
    assert.equal(unsure.code, 64)
    assert.equal((await latchkey('agent', 'lockall', '--yes')).stdout, 'Locked everywhere.\n')
    assert.equal(mine.token(), null)
    const dead = await mine.latchkey(['whoami'], { env: { LATCHKEY_TOKEN: other } })
    assert.match(dead.stderr, DEAD_TOKEN)
    assert.equal(dead.code, 65)
  })

  test('every command works over gRPC as over HTTP, with the same session', async () => {
    await unlock()
    const { addresses } = await statusOf()
    const http = addresses.find(({ door }: { door: string }) => door === 'http').address
    for (const args of [
      ['sessions'],
      ['actors', 'show', 'owner'],
      ['settings', 'get', 'audit.maxEntries'],
    ]) {
      const format = ['--format', 'json']
      const one = await latchkey(...args, ...format)
      const other = await latchkey(...args, '--server', http, ...format)
      assert.equal(one.code, 0, one.stderr)
      const stable = ({ stdout }: Ran) => stdout.replace(/"(lastUsedAt|expiresAt)":\d+/g, '')
      assert.equal(stable(other), stable(one), args.join(' '))
    }
    assert.equal((await latchkey('settings', 'set', 'audit.maxEntries', '5000')).stdout, '5000\n')
    assert.equal((await latchkey('actors', 'show', 'nobody')).code, 66)
  })

  test('logout ends the session and removes its file; a session that has ended is not a failure', async () => {
    await unlock()
    const token = mine.token() ?? ''
    assert.equal((await latchkey('logout')).stdout, 'Logged out.\n')
    assert.equal(mine.token(), null)
    const env = { LATCHKEY_TOKEN: token }
    assert.equal((await mine.latchkey(['whoami'], { env })).code, 65)
    assert.equal((await mine.latchkey(['logout'], { env })).code, 65)
    writeFileSync(mine.sessionFile, token, { mode: 0o600 })
    assert.equal((await latchkey('logout')).code, 0)
    assert.equal(mine.token(), null)
  })

  test('login --save saves a session without its token in the output', async () => {
    const login = ['login', '--save', '--identity', 'owner', '--password-file', mine.passwordFile]
    const { code, stdout, stderr } = await latchkey(...login)
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^You are owner .*\nThe session is saved in .*client\/token\n$/)
    assert.match(mine.token() ?? '', /^lks_/)
    assert.match((await latchkey('whoami')).stdout, /^profile: web$/m)
  })

  test('a session file that others can read gets mode 0600; a link is refused', async () => {
    await unlock()
    const { chmodSync, renameSync, symlinkSync, unlinkSync } = await import('node:fs')
    chmodSync(mine.sessionFile, 0o644)
    const open = await latchkey('whoami')
    assert.match(open.stderr, /^latchkey: warning: .* its mode is 0600 now\.\n$/)
    assert.equal(open.code, 0)
    renameSync(mine.sessionFile, `${mine.sessionFile}.real`)
    symlinkSync(`${mine.sessionFile}.real`, mine.sessionFile)
    const linked = await latchkey('whoami')
    assert.match(linked.stderr, /is a link/)
    assert.equal(linked.code, 77)
    unlinkSync(mine.sessionFile)
  })
})

describe('the lifecycle of an agent', { concurrency: 2 }, () => {
  test('without an agent status, stop and lock exit with 0, and other commands with 69', async (t) => {
    const home = makeHome(t)
    const status = await home.latchkey(['agent', 'status'])
    assert.equal(status.stdout, 'The agent is not running.\n')
    assert.equal(status.code, 0)
    const json = await home.latchkey(['agent', 'status', '--format', 'json'])
    assert.equal(json.stdout, '{"status":"stopped"}\n')
    assert.equal((await home.latchkey(['agent', 'stop'])).code, 0)
    assert.equal((await home.latchkey(['agent', 'lock'])).code, 0)
    for (const verb of [['unlock'], ['lockall', '--yes']]) {
      const server = ['--server', 'grpc://127.0.0.1:1', '--password-file', home.passwordFile]
      const { code, stderr } = await home.latchkey(['agent', ...verb, ...server])
      assert.match(stderr, /^latchkey: No server answers at 127\.0\.0\.1:1: start one with/)
      assert.equal(code, 69)
    }
  })

  test('stop needs no session and waits for the end; sessions survive until the next start', async (t) => {
    const home = makeHome(t)
    assert.equal((await startAgent(home)).code, 0)
    await home.latchkey(['agent', 'unlock', '--password-file', home.passwordFile])
    const { addresses } = JSON.parse(readFileSync(join(home.nodePath, 'status.json'), 'utf8'))
    const stopped = await home.latchkey(['agent', 'stop'])
    assert.equal(stopped.stdout, 'The agent has stopped.\n')
    const http = addresses.find(({ door }: { door: string }) => door === 'http')
    await assert.rejects(fetch(http.address))
    assert.equal(existsSync(join(home.nodePath, 'status.json')), false)
    // The owner exists, so no password is needed, and the session is still valid.
    const again = await home.latchkey([
      'agent',
      'start',
      '--background',
      '--grpc',
      '127.0.0.1:0',
      '--http',
      'off',
    ])
    assert.equal(again.code, 0, again.stderr)
    assert.match((await home.latchkey(['whoami'])).stdout, /^name: +owner$/m)
  })

  test('a killed agent does not count as running, nor does another process with its id', async (t) => {
    const home = makeHome(t)
    await startAgent(home)
    const path = join(home.nodePath, 'status.json')
    const status = JSON.parse(readFileSync(path, 'utf8'))
    process.kill(status.pid, 'SIGKILL')
    // The id now belongs to another process: this one.
    writeFileSync(path, JSON.stringify({ ...status, pid: process.pid }))
    await waitUntil(() => !existsSync(`/proc/${status.pid}`))
    assert.equal((await home.latchkey(['agent', 'stop'])).stdout, 'The agent is not running.\n')
    assert.equal((await startAgent(home)).code, 0)
    assert.equal((await home.latchkey(['agent', 'stop'])).stdout, 'The agent has stopped.\n')
  })

  test('of several agents that start at once, one runs', async (t) => {
    const home = makeHome(t)
    const ran = await Promise.all([startAgent(home), startAgent(home), startAgent(home)])
    assert.deepEqual(ran.map(({ code }) => code).sort(), [0, 75, 75])
  })

  test('a first start without a password, or with a weak one, prints one line and leaves no process', async (t) => {
    const home = makeHome(t)
    const start = ['agent', 'start', '--background', '--grpc', '127.0.0.1:0', '--http', 'off']
    const none = await home.latchkey(start)
    assert.equal(none.stderr, 'latchkey: --password-file is missing. (invalid_request)\n')
    assert.equal(none.code, 64)
    const poor = file(home.home, 'poor', 'short')
    const refused = await home.latchkey([...start, '--password-file', poor])
    assert.match(refused.stderr, /^latchkey: .*\(password_refused\)\n$/)
    assert.equal(refused.code, 65)
    const wrong = await home.latchkey([...start, '--grpc', 'nonsense'])
    assert.match(wrong.stderr, /^latchkey: --grpc: must be HOST:PORT/)
    assert.equal(wrong.code, 78)
    assert.equal((await home.latchkey(['agent', 'status'])).stdout, 'The agent is not running.\n')
  })

  test('in the foreground an agent serves until a signal, on another node path', async (t) => {
    const home = makeHome(t)
    const nodePath = join(home.home, 'elsewhere')
    const env = { LATCHKEY_NODE_PATH: nodePath, LATCHKEY_PASSWORD: PASSWORD }
    const args = [
      'agent',
      'start',
      '--grpc',
      '127.0.0.1:0',
      '--http',
      '127.0.0.1:0',
      '--name',
      'ada',
    ]
    const serving = home.latchkey(args, { env })
    await waitUntil(() => existsSync(join(nodePath, 'status.json')))
    const status = await home.latchkey(['agent', 'status'], { env })
    assert.match(status.stdout, /^status: +running/)
    const { pid, addresses } = JSON.parse(readFileSync(join(nodePath, 'status.json'), 'utf8'))
    const { address } = addresses.find(({ door }: { door: string }) => door === 'http')
    const body = { identity: 'ada', password: PASSWORD }
    assert.equal((await call(`${address}/v1/sessions`, 'POST', { body })).status, 201)
    process.kill(pid, 'SIGTERM')
    const { code, stdout, signal } = await serving
    assert.match(stdout, /^The owner is ada\./m)
    assert.equal(code, 0, String(signal))
  })

  test('only an administrator stops a remote server', async (t) => {
    const home = makeHome(t)
    await startAgent(home)
    const { addresses, ca } = JSON.parse(readFileSync(join(home.nodePath, 'status.json'), 'utf8'))
    const { address } = addresses.find(({ door }: { door: string }) => door === 'grpc')
    const away = makeHome(t)
    const untrusted = await away.latchkey(['agent', 'stop', '--server', address])
    assert.equal(untrusted.code, 69, untrusted.stderr)
    const stop = ['agent', 'stop', '--server', address, '--ca', ca]
    const anonymous = await away.latchkey(stop)
    assert.match(anonymous.stderr, NO_TOKEN)
    assert.equal(anonymous.code, 77)
    const owner = await away.latchkey([...stop, '--password-file', home.passwordFile])
    assert.equal(owner.code, 0, owner.stderr)
    await waitUntil(() => !existsSync(join(home.nodePath, 'status.json')))
  })
})
