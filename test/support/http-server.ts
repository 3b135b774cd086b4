import type { TestContext } from 'node:test'
import type { Authority } from '../../src/core/index.ts'
import { createServer, openLog, type ServerConfig } from '../../src/server/index.ts'

export const PASSWORD = 'six wet otters under a bridge'

/** Opens a server with a store in memory and only the HTTP door; closes it after the test. */
export async function openHttpServer(
  t: TestContext,
  config: ServerConfig = {},
): Promise<{ readonly url: string; readonly authority: Authority }> {
  const doors = { store: 'memory', http: '127.0.0.1:0', tls: 'off', grpc: 'off' } as const
  const server = await createServer({ ...doors, ...config }, { log: openLog({ level: 'silent' }) })
  t.after(() => server.close())
  return { url: server.addresses[0]?.address ?? '', authority: server.authority }
}
