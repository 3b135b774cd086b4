import type { Clock, Store } from '../../core/ports/index.ts'
import { soloBus } from '../kit/solo-bus.ts'
import { createAudit } from './audit.ts'
import { createCounters } from './counters.ts'
import { createDirectory } from './directory.ts'
import { createDocuments } from './documents.ts'
import { createGate, type MemoryEngine, memoryEngine } from './engine.ts'
import { createSessionStore } from './sessions.ts'

export type { Hub } from './bus.ts'
export { type MemoryEngine, type MemoryEngineOptions, memoryEngine } from './engine.ts'

export interface MemoryOptions {
  /** Data shared with other nodes. Default: its own, as the only node, which trusts its cache for ever. */
  readonly engine?: MemoryEngine
  /** Default: the engine's, which is the machine's. */
  readonly clock?: Clock
  /** How many counters are kept; default 1,000,000. */
  readonly maxCounterKeys?: number
}

/** A store in the memory of the process: for tests, trials and the cluster of a test. Nothing outlives it. */
export function memory(options: MemoryOptions = {}): Store {
  const engine = options.engine ?? memoryEngine(options.clock ? { clock: options.clock } : {})
  const gate = createGate()
  const { tables } = engine
  const member = options.engine === undefined ? null : engine.hub.join()
  return {
    name: 'memory',
    directory: createDirectory(tables, gate),
    sessions: createSessionStore(tables, gate),
    counters: createCounters(tables, gate, options.maxCounterKeys ?? 1_000_000),
    documents: createDocuments(tables, gate),
    audit: createAudit(tables, gate),
    bus: member ?? soloBus(),
    clock: options.clock ?? engine.clock,
    async close() {
      gate.close()
      member?.leave()
    },
  }
}
