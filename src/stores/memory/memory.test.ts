import { test } from 'node:test'
import { storeCases } from '../../testing/index.ts'
import { memory, memoryEngine } from './index.ts'

for (const { name, needs, run } of storeCases) {
  test(name, { skip: needs === 'reopen' && 'nothing outlives the process' }, async () => {
    const engine = memoryEngine()
    const store = memory({ engine })
    await run({ store, secondNode: async () => memory({ engine }) })
    await store.close()
  })
}
