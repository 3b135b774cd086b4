import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** The path of a client's folder that is not there yet, and that is gone after the test. */
export function clientFolder(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-client-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'client')
}
