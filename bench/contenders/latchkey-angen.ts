import { createServer } from 'latchkey/server'
import type { Prepared } from '../harness/contender.ts'
import { WITHOUT_THROTTLE } from '../setup/fixture.ts'

export interface Options {
  /** A data folder that `angen-sessions` has filled. */
  readonly folder: string
}

/**
 * The server that people run, over SQLite, with plain TCP. Facts: its `port` and its `httpPort`. `measure` counts its connections and
 * reads what it holds of memory: `bytes`, all that is resident but what the heap has and does not use.
 */
export async function prepare({ folder }: Options): Promise<Prepared> {
  const server = await createServer({
    http: '127.0.0.1:0',
    // By more than one of this machine's addresses: each gives clients ports of its own.
    tcp: '0.0.0.0:0',
    tcpPublic: true,
    tls: 'off',
    grpc: 'off',
    data: folder,
    settings: WITHOUT_THROTTLE,
    maxConnections: 19_000,
    maxUnauthenticated: 19_000,
    maxMessagesPerSecond: 10_000_000,
    maxBytesPerSecond: 1024 ** 3,
    connectionIdleMs: 3_600_000,
    logLevel: 'silent',
    storeTimeoutMs: 120_000,
  })
  const portOf = (name: string) => {
    const found = server.addresses.find(({ door }) => door === name)
    return Number(new URL(found?.address ?? '').port)
  }
  return {
    facts: { port: portOf('tcp'), httpPort: portOf('http') },
    async measure() {
      for (let times = 0; times < 3; times++) {
        globalThis.gc?.()
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      const { rss, heapTotal, heapUsed } = process.memoryUsage()
      return { bytes: rss - heapTotal + heapUsed, open: server.connections.size }
    },
    close: () => server.close(),
  }
}
