import { Counter, Histogram, type Registry } from 'prom-client'
import type { AnsweredRequest } from '../../commands/index.ts'

/** Upper bounds in seconds. Most checks of a session are far below a millisecond, and a login is near 50 ms. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

type Label = 'door' | 'method' | 'route'

/** The requests of one route. */
interface Series {
  readonly labels: Readonly<Record<Label, string>>
  readonly byStatus: Map<number | string, number>
  readonly buckets: number[]
  count: number
  sum: number
}

/** How many routes are counted. Routes are templates and names of commands, so there are fewer. */
const MAX_SERIES = 5000

/**
 * Counts requests and their durations. It counts in plain numbers, because every request is counted; the classes of the library, which hash
 * labels, are used when the metrics are read.
 */
export function createRequestMetrics(registry: Registry): (request: AnsweredRequest) => void {
  const all: Series[] = []
  // Three maps are faster than one with a joined key.
  const byDoor = new Map<string, Map<string, Map<string, Series>>>()

  const seriesOf = ({ door, method, route }: AnsweredRequest): Series | null => {
    const found = byDoor.get(door)?.get(route)?.get(method)
    if (found !== undefined) return found
    if (all.length >= MAX_SERIES) return null
    const made: Series = {
      labels: { door, method, route },
      byStatus: new Map(),
      buckets: BUCKETS.map(() => 0),
      count: 0,
      sum: 0,
    }
    const byRoute = entryOf(byDoor, door, () => new Map<string, Map<string, Series>>())
    entryOf(byRoute, route, () => new Map<string, Series>()).set(method, made)
    all.push(made)
    return made
  }

  registry.registerMetric(requestCounter(all))
  registry.registerMetric(new DurationHistogram(all))
  return (request) => {
    const series = seriesOf(request)
    if (series === null) return
    const { status, ms } = request
    series.byStatus.set(status, (series.byStatus.get(status) ?? 0) + 1)
    // A stream lasts as long as its client wishes.
    if (request.method === 'stream') return
    const seconds = ms / 1000
    series.count++
    series.sum += seconds
    let bucket = 0
    while (bucket < BUCKETS.length && seconds > (BUCKETS[bucket] ?? 0)) bucket++
    if (bucket < BUCKETS.length) series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1
  }
}

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}

function requestCounter(all: readonly Series[]): Counter<Label | 'status'> {
  return new Counter({
    name: 'latchkey_requests_total',
    help: 'Answered requests. The status is that of HTTP, or at the other doors ok or an error code.',
    labelNames: ['door', 'method', 'route', 'status'],
    registers: [],
    collect() {
      this.reset()
      for (const { labels, byStatus } of all) {
        for (const [status, count] of byStatus) this.inc({ ...labels, status }, count)
      }
    },
  })
}

const NAME = 'latchkey_request_duration_seconds'

const DURATION = {
  name: NAME,
  help: 'Time from the arrival of a request to its answer. Streams are not included.',
  labelNames: ['door', 'method', 'route'] as const,
  buckets: BUCKETS,
  registers: [],
}

/** A histogram whose numbers are kept outside. */
class DurationHistogram extends Histogram<Label | 'le'> {
  readonly #all: readonly Series[]
  /** Has the name, the type and the help text. */
  readonly #empty = new Histogram<Label | 'le'>(DURATION)

  constructor(all: readonly Series[]) {
    super(DURATION)
    this.#all = all
  }

  override async get(): ReturnType<Histogram<Label | 'le'>['get']> {
    return { ...(await this.#empty.get()), values: this.#values() }
  }

  /** What the registry calls for the text format. */
  getForPromString(): ReturnType<Histogram<Label | 'le'>['get']> {
    return this.get()
  }

  #values() {
    return this.#all.flatMap(({ labels, buckets, count, sum }) => {
      let below = 0
      const bounded = buckets.map((inBucket, at) => {
        below += inBucket
        const le = BUCKETS[at] ?? 0
        return { metricName: `${NAME}_bucket`, labels: { le, ...labels }, value: below }
      })
      return [
        ...bounded,
        { metricName: `${NAME}_bucket`, labels: { le: '+Inf', ...labels }, value: count },
        { metricName: `${NAME}_sum`, labels, value: sum },
        { metricName: `${NAME}_count`, labels, value: count },
      ]
    })
  }
}
