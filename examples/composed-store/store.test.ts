import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fakeClock, storeCases } from 'latchkey/testing'
import { openComposedStore } from './store.ts'

for (const { name, needs, run } of storeCases) {
  test(name, { skip: needs !== undefined && `needs ${needs}` }, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-composed-'))
    const store = await openComposedStore({ folder, clock: fakeClock() })
    t.after(async () => {
      await store.close()
      await rm(folder, { recursive: true })
    })
    await run({ store })
  })
}

test('the name of a composed store tells its engines', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-composed-'))
  const store = await openComposedStore({ folder })
  t.after(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })
  assert.equal(store.name, 'sqlite+memory')
})
