import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

/** Every example and what it prints. */
const PRINTED: Record<string, string> = {
  'embed.ts': 'hello, ada\nsession_revoked\n',
  'own-users.ts': 'logged in; the old hash is now argon2id\nsession_revoked: suspended\n',
  'mount.ts': "{ notesOf: 'ada' }\n{ code: 'token_missing' }\n",
  'own-store.ts': 'acme_lks_ Ada 1\n',
  'command.ts': `bob gets {"sent":true}
ada hears {"name":"greeted","data":{"by":"bob","text":"hi"}}
ada hears {"name":"bye"}
ada is cut off: revoked
`,
}

for (const [name, printed] of Object.entries(PRINTED)) {
  test(`the example ${name} prints what it says`, async (t) => {
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
