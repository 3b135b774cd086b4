import type { TestContext } from 'node:test'
import {
  createServer,
  openLog,
  type RunningServer,
  type ServerConfig,
} from '../../src/server/index.ts'

export const PASSWORD = 'six wet otters under a bridge'

/** Opens a server with a store in memory and only the HTTP door; closes it after the test. */
export async function openHttpServer(
  t: TestContext,
  config: ServerConfig = {},
): Promise<RunningServer & { readonly url: string }> {
  const doors = { store: 'memory', http: '127.0.0.1:0', tls: 'off', grpc: 'off' } as const
  const server = await createServer({ ...doors, ...config }, { log: openLog({ level: 'silent' }) })
  t.after(() => server.close())
  return { ...server, url: server.addresses[0]?.address ?? '' }
}
