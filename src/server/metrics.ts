import { Counter, Gauge, type Registry } from 'prom-client'
import type { ConnectionCounter } from '../connections/connection-counter.ts'
import type { Connections } from '../connections/index.ts'
import type { Authority, Store } from '../core/index.ts'
import type { DurabilityWatch } from './open-store.ts'

/** Options of `createMetrics`. */
export interface MetricsOptions {
  /** Gets the metrics. */
  readonly registry: Registry
  readonly authority: Authority
  readonly connections: Connections
  /** The store of the authority, if it reports its sizes. */
  readonly store?: Pick<Store, 'stats'>
  /** What an acknowledged write survives; null where that is not known. */
  readonly durability?: DurabilityWatch | null
}

/** The metrics of a server, in the text format of Prometheus. */
export interface Metrics {
  /** Adds the connections of a door. */
  addDoor(door: string, counter: ConnectionCounter): void
  /** Adds the length of a queue. */
  addQueue(queue: string, length: () => number): void
  /** Adds the end of the certificate that is in use, in epoch milliseconds. */
  addCertificate(expiresAt: () => number): void
  /** Returns all metrics. A value that cannot be read is left out. */
  render(): Promise<{ contentType: string; body: string }>
  /** Stops counting. */
  close(): void
}

/** How long the count of live sessions is reused, because counting reads a whole index. */
const COUNT_FOR_MS = 5000

/** Adds the metrics that are read from an authority and its connections. */
export function createMetrics(options: MetricsOptions): Metrics {
  const { registry, authority, connections, durability = null } = options
  const registers = [registry]
  const ended = new Counter({
    name: 'latchkey_sessions_ended_total',
    help: 'Sessions that were ended before they expired, by reason.',
    labelNames: ['reason'],
    registers,
  })
  const stop = authority.onChange((change) => {
    if (change.kind !== 'sessions-ended') return
    for (const { reason } of change.ended) ended.inc({ reason })
  })
  addAuthority(registry, authority)
  addStore(registry, options.store)
  if (durability !== null) addDurability(registers, durability)
  new Gauge({
    name: 'latchkey_connections_open',
    help: 'Open connections that stand for a session, by door.',
    labelNames: ['door'],
    registers,
    collect() {
      this.reset()
      for (const [door, count] of connections.countByDoor()) this.set({ door }, count)
    },
  })
  const queues = new Map<string, () => number>([
    ['passwords', () => authority.stats().passwords.waiting],
    ['events', () => connections.queuedEvents],
  ])
  new Gauge({
    name: 'latchkey_queue_length',
    help: 'What waits in a queue.',
    labelNames: ['queue'],
    registers,
    collect() {
      for (const [queue, length] of queues) this.set({ queue }, length())
    },
  })
  const doors = addSockets(registry)
  return {
    addDoor: (door, counter) => void doors.set(door, counter),
    addQueue: (queue, length) => void queues.set(queue, length),
    addCertificate(expiresAt) {
      const help = 'When the certificate of the doors that use TLS expires.'
      gauge(registry, 'certificate_expiry_timestamp_seconds', help, () => expiresAt() / 1000)
    },
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
    close() {
      stop()
      registry.clear()
    },
  }
}

/** Adds a gauge. While it cannot be read it has no value. */
function gauge(
  registry: Registry,
  name: string,
  help: string,
  read: () => number | Promise<number>,
): void {
  new Gauge({
    name: `latchkey_${name}`,
    help,
    registers: [registry],
    async collect() {
      try {
        this.set(await read())
      } catch {
        // During an outage the other metrics matter most.
        this.remove()
      }
    },
  })
}

function addAuthority(registry: Registry, authority: Authority): void {
  let counted = { at: Number.NEGATIVE_INFINITY, sessions: Promise.resolve(0) }
  gauge(registry, 'sessions_live', 'Live sessions.', () => {
    const now = performance.now()
    if (now - counted.at > COUNT_FOR_MS) {
      const sessions = authority.sessions.count()
      counted = { at: now, sessions }
      sessions.catch(() => {
        if (counted.sessions === sessions) counted.at = Number.NEGATIVE_INFINITY
      })
    }
    return counted.sessions
  })
  const stats = () => authority.stats()
  gauge(registry, 'cached_sessions', 'Cached sessions.', () => stats().cachedSessions)
  gauge(registry, 'cached_actors', 'Cached actors.', () => stats().cachedActors)
  const cached = 'Bytes of cached sessions and actors.'
  gauge(registry, 'cached_bytes', cached, () => stats().cachedBytes)
  const hashing = 'Passwords that are being hashed or verified.'
  gauge(registry, 'passwords_running', hashing, () => stats().passwords.running)
}

function addStore(registry: Registry, store: MetricsOptions['store']): void {
  if (store?.stats === undefined) return
  const stats = store.stats.bind(store)
  gauge(registry, 'database_bytes', 'The size of the database file.', () => stats().databaseBytes)
  const log = 'The size of the write-ahead log. It grows while a reader keeps an old state.'
  gauge(registry, 'wal_bytes', log, () => stats().walBytes)
  const writes = 'Writes that wait for the disk.'
  gauge(registry, 'store_queued_writes', writes, () => stats().queuedWrites)
}

function addDurability(registers: Registry[], { read, cluster }: DurabilityWatch): void {
  new Gauge({
    name: 'latchkey_durability',
    help: 'What an acknowledged write survives: a failover (quorum), a crash (local), or none of them.',
    labelNames: ['level'],
    registers,
    async collect() {
      // The metrics of an outage are those that are wanted most.
      const current = await read().catch(() => null)
      for (const level of ['quorum', 'local', 'none'])
        this.set({ level }, level === current ? 1 : 0)
    },
  })
  if (cluster === undefined) return
  new Gauge({
    name: 'latchkey_nodes',
    help: 'Nodes that use the database.',
    registers,
    async collect() {
      this.set(await cluster.countNodes().catch(() => 0))
    },
  })
  new Gauge({
    name: 'latchkey_cache_trusted',
    help: 'Whether this node receives the others, and answers from its cache.',
    registers,
    collect() {
      this.set(cluster.isTrusted() ? 1 : 0)
    },
  })
}

function addSockets(registry: Registry): Map<string, ConnectionCounter> {
  const doors = new Map<string, ConnectionCounter>()
  const registers = [registry]
  const labelNames = ['door', 'state'] as const
  new Gauge({
    name: 'latchkey_sockets_open',
    help: 'Open sockets, by door and by whether a session was presented on them.',
    labelNames,
    registers,
    collect() {
      for (const [door, counter] of doors) {
        const { unauthenticated } = counter.stats()
        this.set({ door, state: 'unauthenticated' }, unauthenticated)
        this.set({ door, state: 'authenticated' }, counter.size - unauthenticated)
      }
    },
  })
  new Counter({
    name: 'latchkey_sockets_rejected_total',
    help: 'Sockets that were refused, or closed to free their place, by door.',
    labelNames: ['door', 'how'],
    registers,
    collect() {
      this.reset()
      for (const [door, counter] of doors) {
        const { refused, evicted } = counter.stats()
        this.inc({ door, how: 'refused' }, refused)
        this.inc({ door, how: 'evicted' }, evicted)
      }
    },
  })
  return doors
}
