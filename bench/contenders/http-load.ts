import type { Prepared } from '../harness/contender.ts'
import { openConnection } from '../harness/http-connection.ts'
import type { ResponseCheck } from '../harness/http-response.ts'
import { percentile } from '../harness/statistics.ts'

export interface Options extends ResponseCheck {
  readonly port: number
  /** Requests in full, sent in turn. */
  readonly requests: readonly string[]
  /** Keep-alive connections, one request at a time on each. */
  readonly connections: number
  /**
   * The time between the requests of a connection; latency then counts from the time a request was due, so that a slow
   * answer is not hidden by the requests that it held back. Absent: each follows the answer before.
   */
  readonly everyMs?: number
}

/** The client's side: a process of its own that does nothing but ask and check. */
export async function prepare(options: Options): Promise<Prepared> {
  const requests = options.requests.map((request) => Buffer.from(request, 'latin1'))
  let at = 0
  const nextRequest = () => {
    at = at + 1 === requests.length ? 0 : at + 1
    return requests[at] ?? Buffer.alloc(0)
  }

  return {
    async measure(ms) {
      // New ones for each round: servers close those that lie idle while others have their turn.
      const connections = await Promise.all(
        Array.from({ length: options.connections }, () => openConnection(options.port, options)),
      )
      const latencies: number[] = []
      const began = performance.now()
      const exchange = {
        nextRequest,
        until: began + ms,
        everyMs: options.everyMs ?? null,
        onAnswer: (took: number) => latencies.push(took),
      }
      await Promise.all(connections.map((connection) => connection.exchange(exchange)))
      const elapsed = performance.now() - began
      for (const connection of connections) connection.close()
      const sorted = Float64Array.from(latencies).sort()
      return {
        count: sorted.length,
        rate: (sorted.length / elapsed) * 1000,
        p50: percentile(sorted, 0.5),
        p99: percentile(sorted, 0.99),
        max: percentile(sorted, 1),
      }
    },
    close: async () => {},
  }
}
