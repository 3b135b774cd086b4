import { createServer, type ServerResponse } from 'node:http'
import { refusalOf, refuse } from '../core/errors.ts'
import { problemDetails } from '../http/index.ts'
import type { DoorAddress } from './config.ts'
import type { Door } from './door.ts'
import { formatListenAddress } from './listen-address.ts'
import { listening } from './listening.ts'
import type { Metrics } from './metrics.ts'

/** Options of `createMetricsListener`. */
export interface MetricsListenerOptions {
  readonly address: DoorAddress
  readonly metrics: Pick<Metrics, 'render'>
  /** Throws while the server is not ready. */
  readonly checkReady: () => Promise<void>
}

const MAX_CONNECTIONS = 100

/** Serves `/metrics`, `/healthz` and `/readyz` on a port of its own, which clients do not reach. */
export function createMetricsListener(options: MetricsListenerOptions): Door {
  const { address, metrics, checkReady } = options
  const answer = async (path: string, response: ServerResponse): Promise<void> => {
    if (path === '/metrics') {
      const { contentType, body } = await metrics.render()
      send(response, 200, contentType, body)
    } else if (path === '/healthz') send(response, 200, 'application/json', '{"status":"ok"}')
    else if (path === '/readyz') {
      await checkReady()
      send(response, 200, 'application/json', '{"status":"ready"}')
    } else sendProblem(response, refuse('not_found', 'There is no such route.'))
  }
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 10_000 },
    ({ method, url = '' }, response) => {
      const path = method === 'GET' ? (url.split('?')[0] ?? '') : ''
      answer(path, response).catch((error: unknown) => sendProblem(response, refusalOf(error)))
    },
  )
  server.maxConnections = MAX_CONNECTIONS
  return {
    name: 'metrics',
    wanted: formatListenAddress(address),
    named: address.named,
    async listen() {
      const port = await listening(server, address)
      return `http://${formatListenAddress({ host: address.host, port })}`
    },
    async drain() {
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      server.closeAllConnections()
      await promise
    },
  }
}

function sendProblem(response: ServerResponse, refusal: ReturnType<typeof refusalOf>): void {
  const details = problemDetails(refusal)
  send(response, details.status, 'application/problem+json', JSON.stringify(details))
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  })
  response.end(body)
}
