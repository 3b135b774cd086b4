import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { call, file, run, serve, temporaryFolder } from './support.ts'

describe('latchkey serve', { concurrency: 4 }, () => {
  test('prints its addresses and how to create the administrator, and serves', async (t) => {
    const data = temporaryFolder(t)
    const server = await serve(t, ['--dev', '--data', data])
    assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/)
    assert.match(
      server.output.stdout,
      /^There is no administrator yet\. Within 15 minutes, run: latchkey admin claim \w+/m,
    )
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200)
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    assert.match(metrics, /^latchkey_sessions_live 0$/m)
    assert.match(metrics, /^process_cpu_user_seconds_total /m)
    assert.equal((await server.kill()).code, 0)
  })

  test('a flag overrides its variable, a variable the file; the last flag counts; an empty variable is unset', async (t) => {
    const folder = temporaryFolder(t)
    const written = "export default { dev: true, store: 'memory', http: 'localhost:0' }"
    const config = file(folder, 'latchkey.config.mjs', written)
    const cwd = folder
    const fromFile = await serve(t, ['--config', config], { cwd })
    assert.match(fromFile.url, /^http:\/\/localhost:/)
    const found = await serve(t, ['--data', 'x'], { cwd, env: { LATCHKEY_HTTP: '' } })
    assert.match(found.url, /^http:\/\/localhost:/, 'found in the working directory')
    const fromEnv = await serve(t, [], { cwd, env: { LATCHKEY_HTTP: '127.0.0.1:0' } })
    assert.match(fromEnv.url, /^http:\/\/127\.0\.0\.1:/)
    const flags = ['--http', 'nonsense', '--http', 'localhost:0']
    const fromFlag = await serve(t, flags, { cwd, env: { LATCHKEY_HTTP: '127.0.0.1:0' } })
    assert.match(fromFlag.url, /^http:\/\/localhost:/)
  })

  test('reads a typed latchkey.config.ts', async (t) => {
    const folder = temporaryFolder(t)
    const written =
      "const dev: boolean = true\nexport default { dev, store: 'memory', http: '127.0.0.1:0' }"
    const config = file(folder, 'latchkey.config.ts', written)
    const server = await serve(t, ['--config', config])
    assert.match(server.output.stdout, /development mode/)
  })

  test('the example configuration works', async (t) => {
    const config = fileURLToPath(new URL('../../examples/latchkey.config.ts', import.meta.url))
    const args = ['--config', config, '--store', 'memory', '--http', '127.0.0.1:0']
    const server = await serve(t, args)
    const body = { name: 'ada', password: 'eleven char' }
    const { status } = await call(`${server.url}/v1/actors`, 'POST', { body })
    assert.equal(status, 422)
  })

  const wrong: readonly [args: readonly string[], env: Record<string, string>, says: RegExp][] = [
    [['--http', 'foo'], {}, /^latchkey: --http: must be HOST:PORT/],
    [[], { LATCHKEY_SHUTDOWN_MS: '1e3' }, /^latchkey: LATCHKEY_SHUTDOWN_MS: must be a whole/],
    [['--dev', '--http', '0.0.0.0:0'], {}, /^latchkey: --http 0\.0\.0\.0:0: development/],
    [['--http', '0.0.0.0:0'], {}, /^latchkey: --http 0\.0\.0\.0:0: plain HTTP beyond this machine/],
  ]
  for (const [args, env, says] of wrong) {
    const name = [...Object.entries(env).map((pair) => pair.join('=')), ...args].join(' ')
    test(`exits with 78 and one line: ${name}`, async (t) => {
      const cwd = temporaryFolder(t)
      const { code, stdout, stderr } = await run(['serve', ...args], { env, cwd })
      assert.match(stderr, says)
      assert.equal(stderr.trimEnd().split('\n').length, 1)
      assert.equal(stdout, '')
      assert.equal(code, 78)
    })
  }

  test('a wrong configuration file exits with 78 and one line', async (t) => {
    const cwd = temporaryFolder(t)
    file(cwd, 'latchkey.config.mjs', 'export default { htpp: "off" }')
    const { code, stderr } = await run(['serve'], { cwd })
    assert.match(stderr, /^latchkey: .*latchkey\.config\.mjs: htpp: there is no such key\.\n$/)
    assert.equal(code, 78)
  })

  test('an unknown flag exits with 64', async () => {
    const { code, stderr } = await run(['serve', '--nope'])
    assert.equal(stderr, "latchkey: unknown option '--nope' (see latchkey --help)\n")
    assert.equal(code, 64)
  })

  test('help lists the flags with their variables and defaults', async () => {
    const { code, stdout } = await run(['serve', '--help'])
    assert.match(stdout, /--http <HOST:PORT>/)
    assert.match(stdout, /LATCHKEY_TRUSTED_PROXIES/)
    assert.match(stdout.replace(/\s+/g, ' '), /default 127\.0\.0\.1:8080/)
    assert.equal(code, 0)
  })

  test('a data folder that another process uses exits with 75 and one line', async (t) => {
    const data = temporaryFolder(t)
    await serve(t, ['--dev', '--data', data])
    const { code, stderr } = await run(['serve', '--dev', '--http', '127.0.0.1:0', '--data', data])
    assert.match(stderr, /^latchkey: The data folder .* is in use by another process/)
    assert.equal(stderr.trimEnd().split('\n').length, 1)
    assert.equal(code, 75)
  })

  test('a named port that is taken exits with 69 and one line, and releases the data folder', async (t) => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    t.after(() => other.close())
    const { port } = other.address() as AddressInfo
    const data = join(temporaryFolder(t), 'data')
    const args = ['serve', '--dev', '--data', data]
    const { code, stderr } = await run([...args, '--http', `127.0.0.1:${port}`])
    assert.match(stderr, new RegExp(`^latchkey: --http 127\\.0\\.0\\.1:${port} is in use`))
    assert.equal(stderr.trimEnd().split('\n').length, 1)
    assert.equal(code, 69)
    await serve(t, ['--dev', '--data', data])
  })

  test('development refuses foreign hosts; production logs JSON and refuses weak passwords', async (t) => {
    const dev = await serve(t, ['--dev', '--store', 'memory'])
    const host = { headers: { host: 'evil.example' } }
    const { get } = await import('node:http')
    const status = await new Promise((resolve) => {
      get(`${dev.url}/healthz`, host, (response) => resolve(response.resume().statusCode))
    })
    assert.equal(status, 403)
    const server = await serve(t, ['--store', 'memory'])
    const response = await fetch(`${server.url}/v1/actors`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'ada', password: 'p' }),
    })
    assert.equal(response.status, 422)
    const { stdout, stderr } = await server.kill()
    for (const line of stderr.trimEnd().split('\n')) assert.ok(JSON.parse(line))
    assert.match(stdout, /^There is no administrator yet/m)
    assert.ok(!stderr.includes(server.claimCode ?? 'no code'), 'the code is not in the log')
  })

  test('the server keeps running when its output is closed', async (t) => {
    const server = await serve(t, ['--dev', '--store', 'memory'])
    server.child.stdout?.destroy()
    server.child.stderr?.destroy()
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
    assert.equal((await server.kill()).code, 0)
  })
})
