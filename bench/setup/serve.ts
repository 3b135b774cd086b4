import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Prepared } from '../harness/contender.ts'

/** What answers, given where the peer is. */
export type Handler = (request: Request, peer: { address: string | null }) => Promise<Response>

/**
 * Serves on a free port of the loopback, all subjects alike on `@hono/node-server`. Its only meter is the processor time that its
 * process has used.
 */
export async function serve(
  handler: Handler,
  { facts, close }: { readonly facts: Prepared['facts']; readonly close: () => Promise<void> },
): Promise<Prepared> {
  const server = createAdaptorServer({
    fetch: (request, { incoming }) =>
      handler(request, { address: incoming.socket.remoteAddress ?? null }),
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    facts: { ...facts, port },
    async measure() {
      const { user, system } = process.cpuUsage()
      return { cpuUs: user + system }
    },
    async close() {
      if ('closeAllConnections' in server) server.closeAllConnections()
      server.close()
      await close()
    },
  }
}
