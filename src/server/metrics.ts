import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Connections } from '../connections/index.ts'
import type { Authority } from '../core/index.ts'
import type { DurabilityWatch } from './open-store.ts'

/** Options of `createMetrics`. */
export interface MetricsOptions {
  readonly authority: Authority
  readonly connections: Connections
  /** What an acknowledged write survives; null where that is not known. */
  readonly durability?: DurabilityWatch | null
}

/** The metrics of a server, in the text format of Prometheus. */
export interface Metrics {
  /** Counts an answer of the HTTP door. `route` is a template, so that the number of series is bounded. */
  countAnswer(route: string, status: number): void
  /** Counts an unhandled error. */
  countFault(): void
  /** Returns all metrics. */
  render(): Promise<{ contentType: string; body: string }>
  /** Stops counting. */
  close(): void
}

/** How long the count of live sessions is reused, because counting reads a whole index. */
const COUNT_FOR_MS = 5000

/** Makes the metrics of one server, in its own registry. */
export function createMetrics({
  authority,
  connections,
  durability = null,
}: MetricsOptions): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const answers = countAnswers(registry)
  const faults = new Counter({
    name: 'latchkey_faults_total',
    help: 'Unhandled errors.',
    registers,
  })
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
  let counted = { at: Number.NEGATIVE_INFINITY, sessions: Promise.resolve(0) }
  const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
    new Gauge({
      name: `latchkey_${name}`,
      help,
      registers,
      async collect() {
        this.set(await read())
      },
    })
  gauge('sessions_live', 'Live sessions.', () => {
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
  gauge('cached_sessions', 'Cached sessions.', () => authority.stats().cachedSessions)
  gauge('cached_actors', 'Cached actors.', () => authority.stats().cachedActors)
  gauge('cached_bytes', 'Bytes of cached sessions and actors.', () => authority.stats().cachedBytes)
  if (durability !== null) addDurability(registers, durability)
  gauge('connections_open', 'Open connections.', () => connections.size)
  for (const name of Object.keys(authority.stats().passwords) as PasswordStat[]) {
    gauge(
      `passwords_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
      `Password hashing: ${name}.`,
      () => authority.stats().passwords[name],
    )
  }
  return {
    countAnswer: answers,
    countFault: () => faults.inc(),
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
    close() {
      stop()
      registry.clear()
    },
  }
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

type PasswordStat = keyof ReturnType<Authority['stats']>['passwords']

// Counts in plain numbers, because every request is counted; the library's counter is filled when it is read.
function countAnswers(registry: Registry): Metrics['countAnswer'] {
  const counts = new Map<string, Map<number, number>>()
  new Counter({
    name: 'latchkey_http_answers_total',
    help: 'Answers of the HTTP door, by route and status.',
    labelNames: ['route', 'status'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [route, byStatus] of counts) {
        for (const [status, count] of byStatus) this.inc({ route, status }, count)
      }
    },
  })
  return (route, status) => {
    let byStatus = counts.get(route)
    if (byStatus === undefined) {
      byStatus = new Map()
      counts.set(route, byStatus)
    }
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1)
  }
}
