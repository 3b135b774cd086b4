import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEntry } from '../../core/index.ts'
import type { Store } from '../../core/ports/index.ts'
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

/** A port whose calls go to the nodes in turn. */
function inTurn<T extends object>(ports: readonly T[]): T {
  let call = 0
  return new Proxy({} as T, {
    get(_, name) {
      const port = ports[call++ % ports.length] as T
      const method = Reflect.get(port, name) as (...given: unknown[]) => unknown
      return (...given: unknown[]) => method.apply(port, given)
    },
  })
}

for (const { name, needs, run } of storeCases) {
  test(`three nodes: ${name}`, { skip: needs === 'reopen' && 'not durable' }, async () => {
    const engine = memoryEngine()
    const nodes = [memory({ engine }), memory({ engine }), memory({ engine })]
    const [first] = nodes
    assert.ok(first)
    const store: Store = {
      ...first,
      directory: inTurn(nodes.map(({ directory }) => directory)),
      sessions: inTurn(nodes.map(({ sessions }) => sessions)),
      data: inTurn(nodes.map(({ data }) => data)),
      counters: inTurn(nodes.map(({ counters }) => counters)),
      documents: inTurn(nodes.map(({ documents }) => documents)),
      audit: inTurn(nodes.map(({ audit }) => audit)),
      mailboxes: inTurn(nodes.map(({ mailboxes }) => mailboxes)),
      async close() {
        for (const node of nodes) await node.close()
      },
    }
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
