import { once } from 'node:events'
import { connect } from 'node:net'
import type { Prepared } from '../harness/contender.ts'
import { percentile } from '../harness/statistics.ts'
import { LOGGED_IN, loginLine } from '../setup/angen-socket.ts'

export interface Options {
  readonly port: number
  /** A connection logs in with each, again and again. */
  readonly tokens: readonly string[]
  /** Logins of a connection that wait for an answer at once. */
  readonly depth: number
  /** The time between the logins of a connection, with a depth of one; latency counts from the time one was due. Absent: as soon as answered. */
  readonly everyMs?: number
}

/** The client's side: a process of its own that does nothing but log in and check the answers. */
export async function prepare(options: Options): Promise<Prepared> {
  const { port, tokens, everyMs } = options
  return {
    async measure(ms) {
      const latencies: number[] = []
      const began = performance.now()
      const until = began + ms
      const counts = await Promise.all(
        tokens.map((token) =>
          everyMs === undefined
            ? press(port, token, options.depth, until)
            : probe(port, token, everyMs, { until, onAnswer: (took) => latencies.push(took) }),
        ),
      )
      const count = counts.reduce((sum, each) => sum + each, 0)
      const sorted = Float64Array.from(latencies).sort()
      return {
        count,
        rate: (count / (performance.now() - began)) * 1000,
        p50: percentile(sorted, 0.5),
        p99: percentile(sorted, 0.99),
        max: percentile(sorted, 1),
      }
    },
    close: async () => {},
  }
}

/** Keeps so many logins under way until the time is over. Returns how many were answered, and rejects at the first wrong answer. */
async function press(port: number, token: string, depth: number, until: number): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  const line = loginLine(token)
  const lines = Array.from({ length: depth + 1 }, (_, count) => Buffer.from(line.repeat(count)))
  const done = Promise.withResolvers<number>()
  let count = 0
  let waiting = depth
  let rest = ''
  socket.on('data', (chunk: Buffer) => {
    const text = rest + chunk.toString('latin1')
    let at = 0
    let answered = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', at)) {
      if (!text.endsWith(LOGGED_IN, end + 1)) {
        return done.reject(new Error(`an answer that must not be: ${text.slice(at, end)}`))
      }
      at = end + 1
      answered++
    }
    rest = text.slice(at)
    count += answered
    waiting -= answered
    if (performance.now() >= until) {
      if (waiting === 0) done.resolve(count)
      return
    }
    waiting += answered
    socket.write(lines[answered] ?? Buffer.alloc(0))
  })
  socket.on('error', done.reject)
  socket.on('close', () => done.reject(new Error('the server closed the connection')))
  socket.write(lines[depth] ?? Buffer.alloc(0))
  return await done.promise.finally(() => socket.destroy())
}

interface Probe {
  readonly until: number
  readonly onAnswer: (ms: number) => void
}

/** Logs in at fixed times, and says how long each answer took from the time it was due. */
async function probe(
  port: number,
  token: string,
  everyMs: number,
  { until, onAnswer }: Probe,
): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  const line = loginLine(token)
  let count = 0
  for (let due = performance.now(); due < until; due += everyMs) {
    const early = due - performance.now()
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
    // Timers are late by up to a millisecond; that is not the server's.
    const asked = Math.max(due, Math.min(performance.now(), due + 1))
    socket.write(line)
    const [answer] = await once(socket, 'data')
    if (!String(answer).endsWith(LOGGED_IN))
      throw new Error(`an answer that must not be: ${answer}`)
    onAnswer(performance.now() - asked)
    count++
  }
  socket.destroy()
  return count
}
