import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { postgresMissing, startPostgres } from './postgres.ts'

const given = process.env['LATCHKEY_TEST_POSTGRES_URL'] !== undefined
const skip = given ? 'a server was given' : postgresMissing()

/** What PostgreSQL says to a request for TLS (`N`: it has none), or null where no server listens. */
async function askForTls(url: string): Promise<string | null> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]))
    const [answer] = await once(socket, 'data')
    return String(answer)
  } catch {
    return null
  } finally {
    socket.destroy()
  }
}

/** An own folder for temporary files, to see what is left in it. */
function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o1777)
  return folder
}

test('a private PostgreSQL starts, and leaves nothing when it is stopped', { skip }, async (t) => {
  const { TMPDIR } = process.env
  const folder = temporaryFolder(t)
  process.env['TMPDIR'] = folder
  t.after(() => {
    if (TMPDIR === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = TMPDIR
  })
  const server = await startPostgres()
  assert.equal(await askForTls(server.url), 'N')
  assert.equal(readdirSync(folder).length, 1)
  await server.stop()
  assert.equal(await askForTls(server.url), null)
  assert.deepEqual(readdirSync(folder), [])
})

test('a private PostgreSQL ends when the process that started it is killed', {
  skip,
}, async (t) => {
  const folder = temporaryFolder(t)
  const program = `
    import { startPostgres } from ${JSON.stringify(new URL('./postgres.ts', import.meta.url).href)}
    console.log((await startPostgres()).url)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  assert.equal(await askForTls(url), 'N')
  child.kill('SIGKILL')
  const deadline = performance.now() + 10_000
  while ((await askForTls(url)) !== null || readdirSync(folder).length > 0) {
    assert.ok(performance.now() < deadline, 'it is still there')
    await setTimeout(50)
  }
})
