import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { storeCases } from '../../testing/index.ts'
import { sqlite } from './index.ts'

for (const { name, needs, run } of storeCases) {
  test(name, { skip: needs === 'secondNode' && 'one process owns the folder' }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-'))
    let store = await sqlite({ folder })
    const reopen = async () => {
      await store.close()
      store = await sqlite({ folder })
      return store
    }
    try {
      await run({ store, reopen })
    } finally {
      await store.close()
      await rm(folder, { recursive: true })
    }
  })
}
