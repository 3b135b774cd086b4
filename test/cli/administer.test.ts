import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { memory } from '../../src/stores/memory/index.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import {
  COMMAND,
  call,
  file,
  logIn,
  type Ran,
  run,
  type ServerProcess,
  serve,
  temporaryFolder,
} from './support.ts'

// One server for all cases; each case has its own actors.
const cleanups: (() => unknown)[] = []
const suite = { after: (cleanup: () => unknown) => void cleanups.push(cleanup) }
let server: ServerProcess
let folder = ''
let token = ''

const latchkey = (args: readonly string[], env: Record<string, string> = {}): Promise<Ran> =>
  run(args, { env: { LATCHKEY_SERVER: server.url, LATCHKEY_TOKEN: token, ...env } })

async function json(args: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await latchkey([...args, '--format', 'json'])
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout)
}

before(async () => {
  folder = temporaryFolder(suite)
  server = await serve(suite, ['--dev', '--data', `${folder}/data`])
  const password = file(folder, 'password', 'correct horse\n')
  const args = [
    'admin',
    'claim',
    server.claimCode ?? '',
    '--name',
    'root',
    '--password-file',
    password,
  ]
  const claimed = await latchkey([...args, '--print-token', '--format', 'json'], {
    LATCHKEY_TOKEN: '',
  })
  assert.equal(claimed.code, 0, claimed.stderr)
  token = JSON.parse(claimed.stdout).token
})
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

describe('administering a running server', { concurrency: 4 }, () => {
  test('the code to claim works once, and a second use is refused', async () => {
    const password = `${folder}/password`
    const args = ['admin', 'claim', server.claimCode ?? '', '--name', 'eve']
    const { code, stderr } = await latchkey([...args, '--password-file', password])
    assert.match(
      stderr,
      /^latchkey: The code is wrong, used or expired\. Ask for a new one\. \(credentials_invalid\)\n$/,
    )
    assert.equal(code, 77)
  })

  test('login prints only the token, and the token is valid', async () => {
    const args = ['login', '--identity', 'root', '--password-file', `${folder}/password`]
    const { code, stdout, stderr } = await latchkey(args, { LATCHKEY_TOKEN: '' })
    assert.match(stdout, /^lks_\w+\n$/)
    assert.equal(stderr, '')
    assert.equal(code, 0)
    const me = await call(`${server.url}/v1/session`, 'GET', { token: stdout.trim() })
    assert.equal(me.status, 200)
  })

  test('a wrong password exits with 77 and appears in no output', async () => {
    const wrong = file(folder, 'wrong', 'hunter2')
    const { code, stdout, stderr } = await latchkey(
      ['login', '--identity', 'nobody', '--password-file', wrong],
      { LATCHKEY_TOKEN: '' },
    )
    assert.match(stderr, /\(credentials_invalid\)\n$/)
    assert.doesNotMatch(stdout + stderr, /hunter2/)
    assert.equal(code, 77)
  })

  test('there is no prompt without a terminal', async () => {
    const { code, stderr } = await latchkey(['login'])
    assert.equal(stderr, 'latchkey: --identity is missing. (invalid_request)\n')
    assert.equal(code, 64)
  })

  test('actors: list, show, roles, suspend, restore, by name or id', async () => {
    const mine = await logIn(server.url, 'Ada')
    const [listed] = (await json(['actors', 'list', '--text', 'ada'])) as { id: string }[]
    const shown = (await json(['actors', 'show', 'ADA'])) as { id: string }
    assert.equal(shown.id, listed?.id)
    const changed = await json(['actors', 'roles', shown.id, 'user', 'helper'])
    assert.deepEqual((changed as { roles: string[] }).roles, ['user', 'helper'])
    assert.equal((await latchkey(['actors', 'suspend', 'ada'])).code, 0)
    const over = await call(`${server.url}/v1/session`, 'GET', { token: mine })
    assert.equal(over.body['code'], 'session_revoked')
    const restored = await latchkey(['actors', 'restore', 'ada'])
    assert.match(restored.stdout, /^status: +active$/m)
    const none = await latchkey(['actors', 'show', 'nobody'])
    assert.equal(none.stderr, 'latchkey: There is no actor nobody. (not_found)\n')
    assert.equal(none.code, 66)
  })

  test('a listing is an aligned table, spans pages, and tells when there are more rows', async () => {
    const dump = Array.from({ length: 1203 }, (_, at) => JSON.stringify({ name: `paged-${at}` }))
    const imported = await latchkey(['actors', 'import', file(folder, 'dump', dump.join('\n'))])
    assert.equal(imported.stdout, '1203 lines: 1203 imported, 0 skipped, 0 failed.\n')
    const all = (await json(['actors', '--text', 'paged-', '--limit', '5000'])) as unknown[]
    assert.equal(all.length, 1203)
    const some = await latchkey(['actors', 'list', '--text', 'paged-', '--limit', '1100'])
    const [title = '', ...rows] = some.stdout.trimEnd().split('\n')
    assert.equal(rows.length, 1100)
    const at = title.indexOf('STATUS')
    for (const row of rows) assert.equal(row.slice(at, at + 6), 'active')
    assert.equal(some.stderr, 'There are more than 1100 rows. Raise --limit to print them.\n')
  })

  test('a reader that closes the pipe early is not a failure', async () => {
    const dump = Array.from({ length: 900 }, (_, at) => `{"name":"many-${at}-${'x'.repeat(99)}"}`)
    assert.equal(
      (await latchkey(['actors', 'import', file(folder, 'many', dump.join('\n'))])).code,
      0,
    )
    const command = COMMAND.map((part) => `'${part}'`).join(' ')
    const list = `${command} actors list --limit 5000`
    const { stdout, stderr } = spawnSync('sh', ['-c', `(${list}; echo "[$?]" >&2) | head -n 1`], {
      env: { PATH: process.env['PATH'], LATCHKEY_SERVER: server.url, LATCHKEY_TOKEN: token },
      encoding: 'utf8',
    })
    assert.match(stdout, /^ID .*\n$/)
    assert.equal(stderr, '[0]\n')
  })

  test('sessions: list your own and all; end one, the others, all of an actor', async () => {
    const mine = [await logIn(server.url, 'bob'), await logIn(server.url, 'bob')]
    const third = await logIn(server.url, 'bob')
    const env = { LATCHKEY_TOKEN: third }
    const list = await latchkey(['sessions', 'list', '--format', 'json'], env)
    const sessions = JSON.parse(list.stdout) as { id: string; current: boolean }[]
    assert.equal(sessions.length, 3)
    const other = sessions.find(({ current }) => !current)
    assert.equal((await latchkey(['sessions', 'end', other?.id ?? ''], env)).code, 0)
    const again = await latchkey(['sessions', 'end', other?.id ?? ''], env)
    assert.equal(again.code, 0, 'it has ended')
    for (const more of [[], ['--all']]) {
      const none = await latchkey(['sessions', 'end', 'nosuch', ...more])
      assert.equal(none.stderr, 'latchkey: There is no such session. (not_found)\n')
      assert.equal(none.code, 66)
    }
    const others = await latchkey(['sessions', 'end-others'], env)
    assert.equal(others.stdout, '1 session of yours ended.\n')
    for (const token of mine) {
      assert.equal((await call(`${server.url}/v1/session`, 'GET', { token })).status, 401)
    }
    const all = (await json(['sessions', 'list', '--all', '--owner', 'bob'])) as unknown[]
    assert.equal(all.length, 1)
    const denied = await latchkey(['sessions', 'list', '--all'], env)
    assert.match(denied.stderr, /\(access_denied\)\n$/)
    assert.equal(denied.code, 77)
    const ended = await json(['sessions', 'end-all', '--owner', 'bob'])
    assert.deepEqual(ended, { ended: 1 })
    const dead = await latchkey(['sessions'], env)
    assert.match(dead.stderr, /\(session_revoked\) Run: export LATCHKEY_TOKEN=/)
    assert.equal(dead.code, 65)
  })

  test('acts that lock the administrator out or end every session need --yes or an answer', async () => {
    for (const args of [
      ['sessions', 'lock-all'],
      ['actors', 'suspend', 'root'],
      ['actors', 'roles', 'root', 'user'],
    ]) {
      const unsure = await latchkey(args)
      assert.match(unsure.stderr, /^latchkey: --yes is missing\./, args.join(' '))
      assert.equal(unsure.code, 64)
    }
    for (const args of [
      ['actors', 'suspend', 'root', '--yes'],
      ['actors', 'roles', 'root', 'user', '--yes'],
    ]) {
      const last = await latchkey(args)
      assert.match(last.stderr, /This is the last administrator\./)
      assert.equal(last.code, 75)
    }
  })

  test('settings: list, set, get, unset; a wrong value changes nothing', async () => {
    const name = 'audit.maxEntries'
    assert.equal((await latchkey(['settings', 'set', name, '5000'])).stdout, '5000\n')
    assert.equal((await latchkey(['settings', 'get', name])).stdout, '5000\n')
    const wrong = await latchkey(['settings', 'set', name, 'many'])
    assert.match(wrong.stderr, /^latchkey: audit\.maxEntries: .*\(invalid_request\)\n$/)
    assert.equal(wrong.code, 64)
    assert.match((await latchkey(['settings'])).stdout, /^audit\.maxEntries \* +5000 +1000000 /m)
    assert.equal((await latchkey(['settings', 'unset', name])).stdout, '1000000\n')
    const none = await latchkey(['settings', 'get', 'nope'])
    assert.equal(none.code, 66)
  })

  test('clients: add, list and remove; a secret is printed once', async () => {
    const added = await latchkey([
      'clients',
      'add',
      'api',
      '--confidential',
      '--introspect',
      '--grants',
    ])
    assert.match(added.stdout, /^secret: +lkc_\w{43}$/m)
    const again = await latchkey(['clients', 'add', 'api'])
    assert.match(again.stderr, /registered already\. \(conflict\)\n$/)
    await latchkey(['clients', 'add', 'tv', '--roles', 'user', 'viewer'])
    const clients = (await json(['clients'])) as { id: string; grants: string[]; roles: string[] }[]
    assert.deepEqual(
      clients.map(({ id, grants, roles }) => [id, grants.length, roles]),
      [
        ['api', 0, ['user']],
        ['tv', 2, ['user', 'viewer']],
      ],
    )
    assert.equal((await latchkey(['clients', 'remove', 'tv'])).stdout, 'ended: 0\n')
    assert.equal((await latchkey(['clients', 'remove', 'tv'])).code, 66)
  })

  test('audit: newest entries first, without secrets', async () => {
    const entries = (await json(['audit', '--since', '1h', '--limit', '5000'])) as { act: string }[]
    assert.ok(entries.some(({ act }) => act === 'administrator_claimed'))
    assert.doesNotMatch(JSON.stringify(entries), /lks_|correct horse/)
    const wrong = await latchkey(['audit', '--since', 'yesterday'])
    assert.equal(wrong.code, 64)
  })

  test('prune runs until nothing expired is left', async () => {
    const removed = (await json(['prune'])) as Record<string, number>
    const kinds = ['sessions', 'audit', 'counters', 'documents', 'events', 'holds', 'sealed']
    assert.deepEqual(Object.keys(removed), kinds)
    assert.match(
      (await latchkey(['prune'])).stdout,
      /^Removed: \d+ sessions, .*, \d+ spent renewals\.\n$/,
    )
  })

  test('without a token the error tells how to get one', async () => {
    const { code, stderr } = await latchkey(['sessions'], { LATCHKEY_TOKEN: '' })
    assert.match(stderr, /\(token_missing\) Run: export LATCHKEY_TOKEN=\$\(latchkey login\)\n$/)
    assert.equal(code, 77)
  })

  const usage: readonly (readonly string[])[] = [
    ['actors', 'list', '--limit', '0'],
    ['actors', 'list', '--format', 'xml'],
    ['actors', 'roles', 'ada'],
    ['actors', 'show'],
    ['sessions', 'list', '--owner', 'ada'],
    ['sessions', '--server', 'nowhere'],
    ['login', '--password', 'hunter2'],
    ['nope'],
  ]
  for (const args of usage) {
    test(`wrong usage exits with 64 and one line: ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await latchkey(args)
      assert.match(stderr, /^latchkey: [^\n]+\n$/)
      assert.doesNotMatch(stderr, /hunter2/)
      assert.equal(stdout, '')
      assert.equal(code, 64)
    })
  }
})

describe('without such a server', { concurrency: 4 }, () => {
  test('no server: exits with 69 and tells how to start one', async () => {
    const { code, stderr } = await run(['sessions', '--server', 'http://127.0.0.1:1'])
    assert.match(stderr, /^latchkey: No server answers at http:\/\/127\.0\.0\.1:1\. Start one with/)
    assert.equal(stderr.trimEnd().split('\n').length, 1)
    assert.equal(code, 69)
  })

  test('another program at the address: exits with 69', async (t) => {
    const { createServer } = await import('node:http')
    const other = createServer((_request, response) => response.end('<html>'))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    t.after(() => other.close())
    const address = other.address()
    const port = typeof address === 'object' ? address?.port : 0
    const { code, stderr } = await run(['sessions', '--server', `http://127.0.0.1:${port}`])
    assert.match(
      stderr,
      / is not a Latchkey server \(it answered with status 200\)\. \(unavailable\)\n$/,
    )
    assert.equal(code, 69)
  })

  test('a step-up that is required: exits with 77 and tells what to run', async (t) => {
    const clock = fakeClock()
    const { createServer } = await import('../../src/server/index.ts')
    const closed = { tcp: 'off', tls: 'off', grpc: 'off' }
    const store = memory({ clock })
    const own = await createServer({ dev: true, http: '127.0.0.1:0', store, ...closed })
    t.after(() => own.close())
    const { actors } = own.authority
    const claimCode = (await actors.createClaimCode()) ?? ''
    const claimed = await actors.claim({ code: claimCode, name: 'root', password: 'p' })
    assert.ok(claimed.ok)
    clock.advance(15 * 60_000)
    const url = own.addresses.find(({ door }) => door === 'http')?.address ?? ''
    const env = { LATCHKEY_TOKEN: claimed.token }
    const { code, stderr } = await run(['actors', '--server', url], { env })
    assert.match(stderr, /\(step_up_required\) Run: export LATCHKEY_TOKEN=/)
    assert.equal(code, 77)
  })

  test('version and help go to standard output', async () => {
    const version = await run(['--version'])
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
    const help = await run(['--help'])
    assert.match(help.stdout, /^Examples:$/m)
    assert.equal(help.code, 0)
    const bare = await run([])
    assert.equal(bare.stdout, '')
    assert.equal(bare.code, 64)
  })
})
