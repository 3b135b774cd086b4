import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuthority, type Store } from 'latchkey'
import { createSessionStore, type RequestSessionStore } from 'latchkey/express-session'
import { memory } from 'latchkey/stores/memory'
import { sqlite } from 'latchkey/stores/sqlite'

const YEAR = 365 * 86_400_000

async function openEngine(): Promise<Store> {
  if (process.env['LATCHKEY_COMPAT_ENGINE'] !== 'sqlite') return memory()
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-compat-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return sqlite({ folder })
}

/** The authority of every store of this process. Some tests use cookies that live for years. */
export const authority = await createAuthority({
  store: await openEngine(),
  settings: { 'profile.anonymous.absoluteMs': 9 * YEAR },
})

let stores = 0

/** Makes a store with a group of its own, so that the stores of a run share nothing. */
export function openStore(): RequestSessionStore {
  stores += 1
  return createSessionStore({ authority, group: `compat-${stores}` })
}
