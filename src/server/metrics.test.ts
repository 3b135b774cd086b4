import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { createConnections } from '../connections/index.ts'
import { createAuthority } from '../core/index.ts'
import { memory } from '../stores/memory/index.ts'
import { createMetrics } from './metrics.ts'

test('concurrent scrapes share one count of the sessions, and a failed count is not reused', async () => {
  const store = memory()
  const count = store.sessions.count.bind(store.sessions)
  let counts = 0
  let broken = true
  const sessions = {
    ...store.sessions,
    count: (query: { now: number }) => {
      counts++
      return broken ? Promise.reject(new Error('gone')) : count(query)
    },
  }
  const authority = await createAuthority({ store: { ...store, sessions }, pruneEveryMs: 0 })
  const connections = createConnections({ authority })
  const registry = new Registry()
  const metrics = createMetrics({ registry, authority, connections })
  try {
    const { body } = await metrics.render()
    assert.doesNotMatch(body, /^latchkey_sessions_live /m)
    assert.match(body, /^latchkey_cached_sessions 0$/m)
    broken = false
    counts = 0
    const texts = await Promise.all(Array.from({ length: 20 }, () => metrics.render()))
    for (const { body } of texts) assert.match(body, /^latchkey_sessions_live 0$/m)
    assert.equal(counts, 1)
  } finally {
    metrics.close()
    await connections.close()
    await authority.close()
  }
})
