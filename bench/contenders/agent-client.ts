import { openAgent, Session } from '../../src/client/index.ts'
import type { Prepared } from '../harness/contender.ts'

export interface Options {
  readonly port: number
  /** The folder of the session file. */
  readonly clientPath: string
  /** Calls at once. */
  readonly atOnce: number
}

/** A process that calls an agent with the session of a file that others use too. */
export async function prepare({ port, clientPath, atOnce }: Options): Promise<Prepared> {
  let warnings = 0
  const logger = { warn: () => void warnings++ }
  const session = new Session({ clientPath, logger, lockTimeoutMs: 30_000 })
  await session.start({})
  const remote = await openAgent({ address: `127.0.0.1:${port}`, tls: false, session })
  return {
    async measure(ms) {
      const until = performance.now() + ms
      let calls = 0
      let failed = 0
      const call = async () => {
        while (performance.now() < until) {
          const { actor } = await remote.sessions.whoAmI({}).catch(() => ({ actor: undefined }))
          calls++
          if (actor?.name !== 'actor 0') failed++
        }
      }
      await Promise.all(Array.from({ length: atOnce }, call))
      return { calls, failed, warnings }
    },
    async close() {
      remote.close()
      await session.stop()
    },
  }
}
