import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { test } from 'node:test'
import { call, logIn, run, serve, temporaryFolder } from './support.ts'

test('a backup of a running server is restored, and its sessions have ended unless they are kept', async (t) => {
  const folder = temporaryFolder(t)
  const data = ['--data', `${folder}/data`]
  const server = await serve(t, ['--dev', ...data])
  const token = await logIn(server.url, 'ada')
  const backup = `${folder}/backup.db`
  const saved = await run(['backup', backup, ...data])
  assert.equal(saved.code, 0, saved.stderr)
  assert.equal((statSync(backup).mode & 0o777).toString(8), '600')
  assert.equal((await run(['backup', backup, ...data])).code, 75)
  await logIn(server.url, 'eve')
  assert.equal((await run(['restore', backup, '--yes', ...data])).code, 75, 'the server runs')
  await server.kill()
  const unsure = await run(['restore', backup, ...data])
  assert.match(unsure.stderr, /^latchkey: --yes is missing\. Replace the data/)
  const kept = await run(['restore', backup, '--yes', '--keep-sessions', ...data])
  assert.equal(kept.code, 0, kept.stderr)
  const second = await serve(t, ['--dev', ...data])
  const status = async (url: string) => (await call(`${url}/v1/session`, 'GET', { token })).status
  assert.equal(await status(second.url), 200)
  const eve = { body: { identity: 'eve', password: 'p' } }
  assert.equal((await call(`${second.url}/v1/sessions`, 'POST', eve)).status, 401)
  await second.kill()
  const restored = await run(['restore', backup, '--yes', ...data])
  assert.match(restored.stdout, /All of its sessions have ended\./)
  const third = await serve(t, ['--dev', ...data])
  assert.equal(await status(third.url), 401)
  const ada = { body: { identity: 'ada', password: 'p' } }
  assert.equal((await call(`${third.url}/v1/sessions`, 'POST', ada)).status, 201)
})
