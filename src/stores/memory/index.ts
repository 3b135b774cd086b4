import type { Clock, Store } from '../../core/ports/index.ts'
import { createLeaseBus } from '../kit/lease-bus.ts'
import { soloBus } from '../kit/solo-bus.ts'
import { createAudit } from './audit.ts'
import { createCounters } from './counters.ts'
import { createDirectory } from './directory.ts'
import { createDocuments } from './documents.ts'
import { createGate, type MemoryEngine, memoryEngine } from './engine.ts'
import { createMailboxes } from './mailboxes.ts'
import { createSessionData } from './session-data.ts'
import { createSessionStore } from './sessions.ts'

export type { Hub } from './bus.ts'
export { type MemoryEngine, type MemoryEngineOptions, memoryEngine } from './engine.ts'

/** Options of `memory`. */
export interface MemoryOptions {
  /**
   * Data shared with other nodes. By default the store has its own, and trusts its cache
   * permanently.
   */
  readonly engine?: MemoryEngine
  /** The engine's clock by default, which is the machine's. */
  readonly clock?: Clock
  /** The maximum number of counters; 1,000,000 by default. */
  readonly maxCounterKeys?: number
}

/**
 * Returns a store in the memory of the process, for tests and trials. Its data is lost when the
 * process ends.
 */
export function memory(options: MemoryOptions = {}): Store {
  const engine = options.engine ?? memoryEngine(options.clock ? { clock: options.clock } : {})
  const gate = createGate()
  const { tables } = engine
  const clock = options.clock ?? engine.clock
  const sessions = createSessionStore(tables, gate)
  const node = options.engine === undefined ? null : joinHub(engine, clock)
  return {
    name: 'memory',
    directory: createDirectory(tables, gate),
    sessions,
    data: createSessionData(tables, gate, sessions),
    counters: createCounters(tables, gate, options.maxCounterKeys ?? 1_000_000),
    documents: createDocuments(tables, gate),
    audit: createAudit(tables, gate),
    mailboxes: createMailboxes(tables, gate),
    bus: node?.bus ?? soloBus(),
    clock,
    async close() {
      await node?.leave()
      gate.close()
    },
  }
}

function joinHub({ hub, leaseMs }: MemoryEngine, clock: Clock) {
  const channel = hub.join()
  const bus = createLeaseBus({ channel, clock, leaseMs })
  // The engine is in this process, so a read cannot reach another one and needs no confirmation.
  Object.defineProperty(bus, 'confirmRead', { value: undefined })
  channel.belongsTo(bus)
  // The channel of this engine is synchronous, so the node has joined before its store is used.
  bus.start().catch(() => {})
  return {
    bus,
    async leave() {
      await bus.close()
      channel.leave()
    },
  }
}
