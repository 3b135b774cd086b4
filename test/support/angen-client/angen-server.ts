import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { AngenClientOptions } from '../../../src/client/angen/angen-client.ts'
import { createServer, type RunningServer, type ServerConfig } from '../../../src/server/index.ts'

export const PASSWORD = 'six wet otters under a bridge'

/** A real server, a user of it, and a folder for a client's codes. */
export interface AngenServer {
  readonly server: RunningServer
  readonly port: number
  readonly folder: string
  /** What connects a client: as `ada`, with her password where it is asked for. */
  readonly options: AngenClientOptions
  /** How often the password was asked for. */
  readonly asked: () => number
  /** How many renewals the server made. */
  renewals(): Promise<number>
}

/** Starts a server with plain TCP and a user. Gone after the test. */
export async function openAngenServer(
  t: TestContext,
  config: ServerConfig = {},
): Promise<AngenServer> {
  const folder = await createFolder(t)
  const server = await createServer({
    http: 'off',
    tcp: '127.0.0.1:0',
    tls: 'off',
    grpc: 'off',
    store: 'memory',
    logLevel: 'silent',
    ...config,
  })
  t.after(() => server.close())
  await server.authority.actors.register({ name: 'ada', password: PASSWORD })
  const port = Number(new URL(server.addresses[0]?.address ?? '').port)
  let asked = 0
  const getCredentials = () => {
    asked++
    return { name: 'ada', password: PASSWORD }
  }
  return {
    server,
    port,
    folder,
    options: { port, tls: false, userAgent: 'test', session: folder, getCredentials },
    asked: () => asked,
    async renewals() {
      const { items } = await server.authority.audit.list({ act: 'renewal', limit: 100 })
      return items.length
    },
  }
}

/** A folder that is gone after the test. */
export async function createFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-angen-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
