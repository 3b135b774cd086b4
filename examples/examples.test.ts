import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { listExamples } from '../scripts/example.ts'

/** Every example and what it prints. */
const PRINTED: Record<string, string> = {
  'embed.ts': 'hello, ada\nsession_revoked\n',
  'own-users.ts': 'logged in; the old hash is now argon2id\nsession_revoked: suspended\n',
  'mount.ts': "{ notesOf: 'ada' }\n{ code: 'token_missing' }\n",
  'cookies.ts': `__Host-latchkey
{ notesOf: 'ada' }
{ savedFor: 'ada' }
{ code: 'origin_refused' }
{ code: 'token_missing' }
`,
  'login-logout/main.ts': `/login → /login?error=invalid_credentials (Anonymous)
/login → /app (ada)
/logout → /login (Anonymous)
/guarded-login → /login?error=inactive_user (Anonymous)
/guarded-login → /app (ada)
/logout → /login (Anonymous)
/guarded-login → /login?error=too_many_attempts (Anonymous)
/custom-login → /app (ada)
/login → /app (eve)
/impersonate → /app (ada)
/exit-impersonation → /app (eve)
`,
  'composed-store/main.ts': 'token_invalid ada\n',
  'line-door/main.ts': `ada
{ listening: true }
{ event: { name: 'hello', data: {} } }
{ closed: 'revoked' }
`,
  'socketio/main.ts': `{ by: 'ada', text: 'hello' }
session:ended { reason: 'revoked' }
disconnect io server disconnect
connect_error { code: 'session_revoked', reason: 'revoked' }
`,
  'own-store.ts': 'acme_lks_ Ada 1\n',
  'command.ts': `bob gets {"sent":true}
ada receives {"name":"greeted","data":{"by":"bob","text":"hi"}}
ada receives {"name":"bye"}
the connection of ada closes: revoked
`,
}

for (const [name, printed] of Object.entries(PRINTED)) {
  test(`the example ${name} prints what is expected`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-example-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(import.meta.dirname, name)
    const run = promisify(execFile)(process.execPath, [
      '--conditions=@latchkey/source',
      file,
      folder,
    ])
    assert.deepEqual(await run, { stdout: printed, stderr: '' })
  })
}

test('every example has a name to run it by and a description', () => {
  const names = [...listExamples()].map(([name, { about }]) => (about === '' ? `${name}?` : name))
  const expected = readdirSync(import.meta.dirname).filter((name) => !name.endsWith('.test.ts'))
  assert.deepEqual(names, expected.map((name) => name.replace(/\.ts$/, '')).sort())
})
