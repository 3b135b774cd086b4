import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Connections } from '../connections/index.ts'
import type { Authority } from '../core/index.ts'

export interface MetricsOptions {
  readonly authority: Authority
  readonly connections: Connections
}

/** What a server counts and measures, in the text format of Prometheus. */
export interface Metrics {
  /** Counts an answer of the HTTP door; `route` is a template, so that their number is bounded. */
  countAnswer(route: string, status: number): void
  /** Counts an error that nobody handled. */
  countFault(): void
  render(): Promise<{ contentType: string; body: string }>
  close(): void
}

/** Counting live sessions walks an index, so scrapers in a hurry get the last count. */
const COUNT_FOR_MS = 5000

/** Makes the metrics of one server, in a registry of their own. */
export function createMetrics({ authority, connections }: MetricsOptions): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const answers = countAnswers(registry)
  const faults = new Counter({
    name: 'latchkey_faults_total',
    help: 'Errors that nobody handled.',
    registers,
  })
  const ended = new Counter({
    name: 'latchkey_sessions_ended_total',
    help: 'Sessions ended before their time, by reason.',
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
  gauge('sessions_live', 'Sessions that are live.', () => {
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
  gauge('cached_sessions', 'Sessions in memory.', () => authority.stats().cachedSessions)
  gauge('cached_actors', 'Actors in memory.', () => authority.stats().cachedActors)
  gauge('cached_bytes', 'Memory of both.', () => authority.stats().cachedBytes)
  gauge('connections_open', 'Live connections.', () => connections.size)
  for (const name of Object.keys(authority.stats().passwords) as PasswordStat[]) {
    gauge(
      `passwords_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
      `Password work: ${name}.`,
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

type PasswordStat = keyof ReturnType<Authority['stats']>['passwords']

// Counted in plain numbers and handed over when asked: this stands in the way of every request.
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
