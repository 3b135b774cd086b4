import { once } from 'node:events'
import { Agent, request } from 'node:http'
import type { Socket } from 'node:net'
import type { Prepared } from '../harness/contender.ts'
import { percentile } from '../harness/statistics.ts'
import { openLoggedIn } from '../setup/angen-socket.ts'
import { inParallel } from '../setup/in-parallel.ts'

export interface Options {
  readonly port: number
  readonly httpPort: number
  readonly host: string
  /** By session: what logs in, its id, and the token of another session of the same actor, which may end it. */
  readonly tokens: readonly string[]
  readonly ids: readonly string[]
  readonly bearers: readonly string[]
}

const EVERY_MS = 5

/**
 * Open connections whose sessions are revoked over HTTP, one after the other. Its figures: how long from the request until the
 * client has seen its connection close (`p50`, `p99`, `max`), and until the request is answered (`answeredP50`, `answeredP99`).
 */
export async function prepare(options: Options): Promise<Prepared> {
  const { port, httpPort, host, tokens, ids, bearers } = options
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const sockets = await inParallel(tokens.length, 64, async (index) => {
    const socket = await openLoggedIn({ port, host }, tokens[index] ?? '')
    if (socket === null) throw new Error('the server closed the connection')
    return socket
  })
  let next = 0

  async function revoke(index: number): Promise<number> {
    const began = performance.now()
    const headers = { authorization: `Bearer ${bearers[index]}` }
    const path = `/v1/sessions/${ids[index]}`
    const asking = request({
      agent,
      port: httpPort,
      host: '127.0.0.1',
      method: 'DELETE',
      path,
      headers,
    })
    asking.end()
    const [response] = await once(asking, 'response')
    response.resume()
    await once(response, 'end')
    if (response.statusCode !== 204) throw new Error(`status ${response.statusCode}`)
    return performance.now() - began
  }

  async function cut(socket: Socket): Promise<number> {
    const began = performance.now()
    await once(socket, 'close')
    return performance.now() - began
  }

  return {
    async measure(ms) {
      const until = performance.now() + ms
      const waits: number[] = []
      const answers: number[] = []
      while (performance.now() < until) {
        const socket = sockets[next]
        if (socket === undefined) throw new Error('no connection is left')
        const [wait, answered] = await Promise.all([cut(socket), revoke(next)])
        waits.push(wait)
        answers.push(answered)
        next++
        await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
      }
      const sorted = Float64Array.from(waits).sort()
      const answered = Float64Array.from(answers).sort()
      return {
        count: waits.length,
        p50: percentile(sorted, 0.5),
        p99: percentile(sorted, 0.99),
        max: percentile(sorted, 1),
        answeredP50: percentile(answered, 0.5),
        answeredP99: percentile(answered, 0.99),
      }
    },
    async close() {
      agent.destroy()
      for (const socket of sockets) socket.destroy()
    },
  }
}
