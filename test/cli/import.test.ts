import assert from 'node:assert/strict'
import { pbkdf2Sync } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { call, file, run, type ServerProcess, serve, temporaryFolder } from './support.ts'

const cleanups: (() => unknown)[] = []
const suite = { after: (cleanup: () => unknown) => void cleanups.push(cleanup) }
let server: ServerProcess
let folder = ''
let token = ''

before(async () => {
  folder = temporaryFolder(suite)
  server = await serve(suite, ['--dev', '--store', 'memory'])
  const body = { code: server.claimCode, name: 'root', password: 'p' }
  token = String((await call(`${server.url}/v1/bootstrap`, 'POST', { body })).body['token'])
})
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

function importing(args: readonly string[], input = '') {
  const env = { LATCHKEY_SERVER: server.url, LATCHKEY_TOKEN: token }
  return run(['actors', 'import', ...args], { env, input })
}

function django(password: string): string {
  const hash = pbkdf2Sync(password, 'seasalt', 1000, 32, 'sha256').toString('base64')
  return `pbkdf2_sha256$1000$seasalt$${hash}`
}

function login(identity: string, password: string) {
  return call(`${server.url}/v1/sessions`, 'POST', { body: { identity, password } })
}

describe('latchkey actors import', { concurrency: 4 }, () => {
  test('a record that was imported before is skipped, and one of another actor with its name, address or id fails', async () => {
    const id = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee'
    const kim = { id, name: 'kim', email: 'kim@example.org', passwordHash: django('deep sea') }
    const lines = [
      kim,
      { ...kim, email: 'other@example.org', passwordHash: django('other') },
      { ...kim, id: id.replace('a', 'b') },
      { name: 'lee', email: 'kim@example.org' },
      { ...kim, name: 'mia', email: 'mia@example.org' },
    ].map((line) => JSON.stringify(line))
    assert.equal((await importing(['-'], lines[0])).code, 0)
    assert.equal((await login('kim', 'deep sea')).status, 201, 'rehashed')
    const { code, stdout, stderr } = await importing(['-'], lines.join('\n'))
    assert.equal(stdout, '5 lines: 0 imported, 1 skipped, 4 failed.\n')
    assert.deepEqual(stderr.trimEnd().split('\n'), [
      'line 1: imported before, skipped',
      'line 2: identity_taken: id: has already been taken.',
      'line 3: identity_taken: name: has already been taken.',
      'line 4: identity_taken: email: has already been taken.',
      'line 5: identity_taken: id: has already been taken.',
    ])
    assert.equal(code, 65)
  })

  test('an actor that is imported with a foreign hash logs in with its old password', async () => {
    const dump = [
      {
        name: 'dora',
        email: 'dora@example.org',
        passwordHash: django('deep sea'),
        roles: ['user'],
      },
      { name: 'sue', passwordHash: django('x'), status: 'suspended' },
    ]
    const path = file(folder, 'foreign', dump.map((line) => `${JSON.stringify(line)}\n`).join(''))
    const { code, stdout } = await importing([path])
    assert.equal(stdout, '2 lines: 2 imported, 0 skipped, 0 failed.\n')
    assert.equal(code, 0)
    assert.equal((await login('dora@example.org', 'deep sea')).status, 201)
    assert.equal((await login('dora', 'deep sea')).status, 201, 'once rehashed too')
    assert.equal((await login('dora', 'deep see')).status, 401)
    assert.equal((await login('sue', 'x')).body['code'], 'actor_suspended')
  })

  test('a line that fails is reported by number, the others are imported, and the exit code is 65', async () => {
    const input = [
      '{"name":"good-1"}',
      'garbage',
      '',
      '{"name":"root"}',
      '{"name":"extra","admin":true}',
      '{"name":"bad-hash","passwordHash":"hunter2"}',
      '[]',
      `{"name":"${'x'.repeat(70_000)}"}`,
      '{"name":"bad-id","id":"7"}',
      '{"name":"\\u0007"}',
      '{"name":"good-2"}',
    ]
    const { code, stdout, stderr } = await importing(['-'], input.join('\n'))
    assert.equal(stdout, '10 lines: 2 imported, 0 skipped, 8 failed.\n')
    const reported = stderr.trimEnd().split('\n')
    const numbered = reported
      .map((line) => /^line (\d+): (\w+)/.exec(line)?.slice(1).join(' '))
      .sort()
    assert.deepEqual(numbered, [
      '10 invalid_request',
      '2 invalid_request',
      '4 identity_taken',
      '5 invalid_request',
      '6 invalid_request',
      '7 invalid_request',
      '8 too_large',
      '9 invalid_request',
    ])
    assert.doesNotMatch(stderr, /hunter2/)
    assert.equal(code, 65)
  })

  test('a repeated import skips the actors that exist, which is not a failure', async () => {
    const lines = Array.from({ length: 450 }, (_, at) => `{"name":"again-${at}"}`)
    const half = file(folder, 'half', lines.slice(0, 300).join('\n'))
    const whole = file(folder, 'whole', lines.join('\n'))
    assert.equal((await importing([half])).code, 0)
    const { code, stdout } = await importing([whole, '--format', 'json'])
    assert.deepEqual(JSON.parse(stdout), { lines: 450, imported: 150, skipped: 300, failed: 0 })
    assert.equal(code, 0)
  })

  test('requests stay under the limit of the server, whatever the size of a line', async () => {
    const roles = Array.from({ length: 64 }, (_, at) => `role-${at}-${'é'.repeat(50)}`)
    const lines = Array.from({ length: 40 }, (_, at) =>
      JSON.stringify({ name: `heavy-${at}`, roles }),
    )
    const { code, stdout } = await importing(['-'], lines.join('\n'))
    assert.equal(stdout, '40 lines: 40 imported, 0 skipped, 0 failed.\n')
    assert.equal(code, 0)
  })

  test('a file that does not exist exits with 66', async () => {
    const { code, stderr } = await importing([`${folder}/nowhere`])
    assert.match(stderr, /nowhere cannot be read \(ENOENT\)\. \(not_found, ENOENT\)\n$/)
    assert.equal(code, 66)
  })
})
