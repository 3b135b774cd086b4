import { resolve } from 'node:path'
import { createServer, type RunningServer } from 'latchkey/server'
import type { Prepared } from '../harness/contender.ts'
import { addActors, CALLERS, WITHOUT_THROTTLE } from '../setup/fixture.ts'
import { createFolder } from '../setup/folder.ts'
import { inParallel } from '../setup/in-parallel.ts'

export interface Options {
  readonly sessions: number
}

// A process is swept before each measurement, and what is measured meanwhile must not count that.
const SHOUT_AFTER_MS = 500

const MODULES = resolve(import.meta.dirname, '../../examples/mage-game/lib/modules')

/**
 * The server that people run with the example game. Facts: its `port`, the `keys` of live sessions and their `actors`. `measure(0)` reads
 * its memory, `measure(1)` broadcasts an event a little later, any other sends single events for so long.
 */
export async function prepare({ sessions }: Options): Promise<Prepared> {
  const folder = await createFolder()
  const server = await createServer({
    http: '127.0.0.1:0',
    data: folder.path,
    modules: MODULES,
    maxConnections: 15_000,
    settings: WITHOUT_THROTTLE,
    logLevel: 'silent',
    storeTimeoutMs: 120_000,
  })
  const actors = await addActors(server.authority, sessions)
  const keys = await inParallel(sessions, CALLERS, async (index) => {
    const begun = await server.authority.sessions.loginAs(actors[index] ?? '', {
      profile: 'game',
      format: 'mage',
    })
    if (!begun.ok) throw new Error(begun.code)
    return begun.token
  })
  const shout = () =>
    server.connections.broadcast({ name: 'bench.shout', data: { at: Date.now() } })
  return {
    facts: { port: Number(new URL(server.addresses[0]?.address ?? '').port), keys, actors },
    async measure(ms) {
      if (ms === 0) globalThis.gc?.()
      else if (ms === 1) setTimeout(shout, SHOUT_AFTER_MS)
      else await whisper(server, actors, ms)
      return { rss: process.memoryUsage.rss(), open: server.connections.size, at: Date.now() }
    },
    async close() {
      await server.close()
      await folder.remove()
    },
  }
}

async function whisper(
  server: RunningServer,
  actors: readonly string[],
  ms: number,
): Promise<void> {
  const until = Date.now() + ms
  for (let at = 0; Date.now() < until; at = (at + 7919) % actors.length) {
    await server.connections.send(actors[at] ?? '', {
      name: 'bench.whisper',
      data: { at: Date.now() },
    })
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
