import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Prepared } from '../harness/contender.ts'
import { percentile } from '../harness/statistics.ts'
import { inParallel } from '../setup/in-parallel.ts'

export interface Options {
  readonly port: number
  readonly keys: readonly string[]
}

/**
 * MAGE clients: an open message stream for each key, every pack confirmed. Works in two ways: `measure(0)` waits until all have heard the
 * next broadcast and says when the last did; `measure(ms)` says how long after they were sent events came, for so long.
 */
export async function prepare({ port, keys }: Options): Promise<Prepared> {
  let onEvent: (name: string, at: number) => void = () => {}
  const sockets = await inParallel(keys.length, 64, async (index) => {
    const url = `ws://127.0.0.1:${port}/msgstream?sessionKey=${encodeURIComponent(keys[index] ?? '')}`
    const socket = new WebSocket(url, { perMessageDeflate: false })
    socket.on('message', (data) => {
      const packs = JSON.parse(String(data)) as Record<string, [string, { at: number }][]>
      for (const events of Object.values(packs)) {
        for (const [event, { at }] of events) onEvent(event, at)
      }
      socket.send(Object.keys(packs).join())
    })
    await once(socket, 'open')
    return socket
  })
  return {
    async measure(ms) {
      const waits: number[] = []
      const all = Promise.withResolvers<void>()
      onEvent = (event, at) => {
        waits.push(Date.now() - at)
        if (event === 'bench.shout' && ms === 0 && waits.length === keys.length) all.resolve()
      }
      if (ms === 0) await all.promise
      else await new Promise((resolve) => setTimeout(resolve, ms))
      const sorted = Float64Array.from(waits).sort()
      return { count: sorted.length, p99: percentile(sorted, 0.99), max: percentile(sorted, 1) }
    },
    async close() {
      for (const socket of sockets) socket.terminate()
    },
  }
}
