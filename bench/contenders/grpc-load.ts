import { Client, credentials, Metadata } from '@grpc/grpc-js'
import type { Prepared } from '../harness/contender.ts'
import { percentile } from '../harness/statistics.ts'

export interface Options {
  readonly port: number
  readonly path: string
  readonly tokens: readonly string[]
  /** Calls at once, on one connection. */
  readonly inFlight: number
  /** What every answer is at least this long. */
  readonly bytes: number
}

const same = (bytes: Buffer) => bytes
const NOTHING = Buffer.alloc(0)

/** The client's side: a process of its own that does nothing but call, with each token in turn, and check. */
export async function prepare(options: Options): Promise<Prepared> {
  const client = new Client(`127.0.0.1:${options.port}`, credentials.createInsecure())
  const asking = options.tokens.map((token) => {
    const metadata = new Metadata()
    metadata.set('authorization', `Bearer ${token}`)
    return metadata
  })
  let at = 0
  const call = () => {
    at = at + 1 === asking.length ? 0 : at + 1
    return new Promise<void>((resolve, reject) => {
      const metadata = asking[at] ?? new Metadata()
      client.makeUnaryRequest(options.path, same, same, NOTHING, metadata, (error, answer) => {
        if (error !== null) reject(error)
        else if ((answer?.length ?? 0) < options.bytes) reject(new Error('the answer is too short'))
        else resolve()
      })
    })
  }
  return {
    async measure(ms) {
      const latencies: number[] = []
      const began = performance.now()
      const caller = async () => {
        for (let now = began; now < began + ms; ) {
          await call()
          const ended = performance.now()
          latencies.push(ended - now)
          now = ended
        }
      }
      await Promise.all(Array.from({ length: options.inFlight }, caller))
      const elapsed = performance.now() - began
      const sorted = Float64Array.from(latencies).sort()
      return {
        count: sorted.length,
        rate: (sorted.length / elapsed) * 1000,
        p99: percentile(sorted, 0.99),
      }
    },
    close: async () => client.close(),
  }
}
