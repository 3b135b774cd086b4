import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEntry } from '../../core/index.ts'
import { storeCases } from '../../testing/index.ts'
import { memory, memoryEngine } from './index.ts'

for (const { name, needs, run } of storeCases) {
  test(name, { skip: needs === 'reopen' && 'the data is lost with the process' }, async () => {
    const engine = memoryEngine()
    const store = memory({ engine })
    await run({ store, secondNode: async () => memory({ engine }) })
    await store.close()
  })
}

test('an audit trail of 300,000 entries is pruned as fast as a short one', async () => {
  const store = memory()
  const entry: AuditEntry = {
    ...{ at: 1, act: 'login', outcome: 'ok', actor: null, target: null, session: null },
    ...{ door: 'test', address: null, identityHash: null, detail: null },
  }
  const some = Array<AuditEntry>(1000).fill(entry)
  for (let thousands = 0; thousands < 300; thousands++) await store.audit.append(some)
  assert.equal(await store.audit.prune({ before: 0, maxEntries: 299_900, limit: 500 }), 100)
  assert.equal(await store.audit.prune({ before: 0, maxEntries: 299_900, limit: 500 }), 0)
  await store.close()
})
