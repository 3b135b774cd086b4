import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  call,
  file,
  logIn,
  type Ran,
  run,
  type ServerProcess,
  serve,
  startProcess,
  temporaryFolder,
  untilPrinted,
} from './support.ts'

const cleanups: (() => unknown)[] = []
const suite = { after: (cleanup: () => unknown) => void cleanups.push(cleanup) }
let server: ServerProcess
let folder = ''
let password = ''
let token = ''

const latchkey = (args: readonly string[], env: Record<string, string> = {}): Promise<Ran> =>
  run(args, { env: { LATCHKEY_SERVER: server.url, LATCHKEY_TOKEN: token, ...env } })

async function succeed(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await latchkey(args, env)
  assert.equal(code, 0, stderr)
  return stdout
}

before(async () => {
  folder = temporaryFolder(suite)
  password = file(folder, 'password', 'correct horse\n')
  server = await serve(suite, ['--dev', '--registration', 'invite', '--data', `${folder}/data`])
  const args = [
    'admin',
    'claim',
    server.claimCode ?? '',
    '--name',
    'root',
    '--print-token',
    '--format',
    'json',
  ]
  const claimed = await succeed([...args, '--password-file', password], { LATCHKEY_TOKEN: '' })
  token = JSON.parse(claimed).token
})
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

describe('accounts of a running server', () => {
  test('an invitation registers one actor, which deletes itself', async () => {
    const closed = await latchkey([
      'account',
      'register',
      '--name',
      'ada',
      '--password-file',
      password,
    ])
    assert.match(closed.stderr, /\(access_denied\)\n$/)
    const invited = await succeed(['actors', 'invite', '--role', 'user', 'editor'])
    const code = /account register --invitation (\w+)/.exec(invited)?.[1] ?? ''
    const register = ['account', 'register', '--invitation', code, '--password-file', password]
    assert.match(await succeed([...register, '--name', 'ada']), /^Registered ada \(/)
    const shown = JSON.parse(await succeed(['actors', 'show', 'ada', '--format', 'json']))
    assert.deepEqual(shown.roles, ['user', 'editor'])
    const again = await latchkey([...register, '--name', 'eve'])
    assert.match(again.stderr, /\(credentials_invalid\)\n$/)
    const mine = await logIn(server.url, 'ada', 'correct horse')
    const exported = JSON.parse(await succeed(['account', 'export'], { LATCHKEY_TOKEN: mine }))
    assert.equal(exported.actor.name, 'ada')
    const unsure = await latchkey(['account', 'delete'], { LATCHKEY_TOKEN: mine })
    assert.match(unsure.stderr, /^latchkey: --yes is missing\./)
    assert.equal(unsure.code, 64)
    await succeed(['account', 'delete', '--yes'], { LATCHKEY_TOKEN: mine })
    assert.equal((await latchkey(['actors', 'show', 'ada'])).code, 66)
  })

  test('a reset code lets the actor choose its password, and a wrong code is told before the password is asked for', async () => {
    const line = file(folder, 'bob', '{"name":"bob"}\n')
    await succeed(['actors', 'import', line])
    const made = await succeed(['actors', 'reset-password', 'bob'])
    const code = /account reset-password (\w+)/.exec(made)?.[1] ?? ''
    const wrong = await latchkey(['account', 'reset-password', 'x'])
    assert.match(wrong.stderr, /\(credentials_invalid\)\n$/)
    await succeed(['account', 'reset-password', code, '--password-file', password])
    assert.match(await logIn(server.url, 'bob', 'correct horse'), /^lks_/)
    await succeed(['actors', 'delete', 'bob', '--yes'])
  })

  test('the last administrator cannot be deleted', async () => {
    const { code, stderr } = await latchkey(['actors', 'delete', 'root', '--yes'])
    assert.match(stderr, /This is the last administrator\./)
    assert.equal(code, 75)
  })
})

test('the claim line is right whatever doors are open, and the claim leaves no token and no session behind', async (t) => {
  const own = temporaryFolder(t)
  const secret = file(own, 'password', 'six wet otters under a bridge')
  const doors = ['--http', 'off', '--grpc', '127.0.0.1:0', '--tls-self-made']
  const env = { LATCHKEY_GRPC: '127.0.0.1:0', LATCHKEY_NODE_PATH: own }
  const args = ['serve', '--data', `${own}/data`, ...doors]
  const { child, output } = startProcess(args, { env })
  t.after(() => child.kill('SIGKILL'))
  await untilPrinted(child, output, /admin claim .*\n/)
  const line = /latchkey (admin claim .*)$/m.exec(output.stdout)?.[1] ?? ''
  assert.match(line, / --server grpcs:\/\/127\.0\.0\.1:\d+ --ca \S+$/)
  const claim = [...line.split(' '), '--name', 'root', '--password-file', secret]
  const wrong = await run(['admin', 'claim', 'wrong', ...line.split(' ').slice(3)], { env })
  assert.match(wrong.stderr, /\(credentials_invalid\)\n$/)
  const claimed = await run(claim, { env })
  assert.equal(claimed.code, 0, claimed.stderr)
  assert.match(claimed.stdout, /^The administrator is root \([\w-]+\)\. Next: latchkey login/)
  const login = [
    'login',
    '--identity',
    'root',
    '--password-file',
    secret,
    ...line.split(' ').slice(3),
  ]
  const token = (await run(login, { env })).stdout.trim()
  const list = ['sessions', 'list', '--format', 'json', ...line.split(' ').slice(3)]
  const listed = await run(list, { env: { ...env, LATCHKEY_TOKEN: token } })
  assert.equal(JSON.parse(listed.stdout).length, 1, listed.stderr)
})

test('a lost administrator is recovered on the data folder of a stopped server', async (t) => {
  const own = temporaryFolder(t)
  const data = `${own}/data`
  const start = () => serve(t, ['--data', data, '--no-dev'])
  const first = await start()
  const secret = file(own, 'password', 'six wet otters under a bridge')
  const env = { LATCHKEY_SERVER: first.url }
  const claim = ['admin', 'claim', first.claimCode ?? '', '--name', 'root']
  assert.equal((await run([...claim, '--password-file', secret], { env })).code, 0)
  const recover = ['admin', 'recover', 'root', '--data', data]
  const inUse = await run(recover)
  assert.equal(inUse.code, 75, inUse.stderr)
  await first.kill()
  const nowhere = await run(['admin', 'recover', '--data', `${own}/nothing`])
  assert.equal(nowhere.code, 66)
  const reset = /account reset-password (\w+)/.exec((await run(recover)).stdout)?.[1] ?? ''
  const further = await run(['admin', 'recover', '--data', data, '--format', 'json'])
  const second = await start()
  assert.equal(second.claimCode, null)
  const next = { LATCHKEY_SERVER: second.url }
  const chosen = file(own, 'next', 'seven dry otters on a bridge')
  const used = await run(['account', 'reset-password', reset, '--password-file', chosen], {
    env: next,
  })
  assert.equal(used.code, 0, used.stderr)
  const { status } = await call(`${second.url}/v1/sessions`, 'POST', {
    body: { identity: 'root', password: 'seven dry otters on a bridge' },
  })
  assert.equal(status, 201)
  const other = ['admin', 'claim', JSON.parse(further.stdout).code, '--name', 'boss']
  const claimed = await run([...other, '--password-file', chosen], { env: next })
  assert.equal(claimed.code, 0, claimed.stderr)
})
