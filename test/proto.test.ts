import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '..')
const committed = join(root, 'src/protocol/grpc/gen')

test('what is generated of proto/ is current', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-proto-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const out = join(folder, 'gen')
  execFileSync(process.execPath, [join(root, 'scripts/proto.ts'), out])
  const files = globSync('**/*.ts', { cwd: out }).sort()
  assert.ok(files.length > 0)
  assert.deepEqual(globSync('**/*.ts', { cwd: committed }).sort(), files)
  for (const file of files) {
    const [here, now] = [committed, out].map((base) => readFileSync(join(base, file), 'utf8'))
    assert.equal(here, now, `${file}: run scripts/proto.ts`)
  }
})
