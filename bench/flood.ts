import { type Contender, startContender, withContenders } from './harness/contender.ts'
import { progress } from './harness/progress.ts'
import { figuresNamed } from './harness/rounds.ts'
import { compare, compareWithBound, type Row, type RunOptions } from './harness/row.ts'
import { httpRequest } from './setup/http-request.ts'

export const name = 'flood'

const CONNECTIONS = 25
const PROBE_EVERY_MS = 10
const MiB = 1024 * 1024
const DOORS = ['http', 'mage', 'tcp', 'websocket', 'grpc'] as const

/** How long does `GET /v1/session` take, while 25 connections send requests to a door without end and read no answer, and how much memory? */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const rows: Row[] = []
  for (const door of DOORS) rows.push(...(await floodOf(door, quick)))
  return rows
}

async function floodOf(door: (typeof DOORS)[number], quick: boolean): Promise<Row[]> {
  const server = () => startContender('latchkey-every-door', { sessions: 100 })
  return await withContenders({ server }, ({ server: started }) => {
    const ports = started.facts['ports'] as Readonly<Record<string, number>>
    const headers = started.facts['headers'] as readonly string[]
    const port = door === 'tcp' || door === 'grpc' ? ports[door] : ports['http']
    const clients = {
      flooder: () => startContender('flooder', { door, port, connections: CONNECTIONS }),
      prober: () =>
        startContender('http-load', {
          port: ports['http'],
          requests: headers.map((header) => httpRequest('GET /v1/session', { header })),
          connections: 1,
          everyMs: PROBE_EVERY_MS,
          status: 200,
          contains: '"session":{',
        }),
    }
    return withContenders(clients, ({ flooder, prober }) =>
      probe(door, { server: started, flooder, prober }, quick),
    )
  })
}

interface Parts {
  readonly server: Contender
  readonly flooder: Contender
  readonly prober: Contender
}

async function probe(
  door: string,
  { server, flooder, prober }: Parts,
  quick: boolean,
): Promise<Row[]> {
  const ms = quick ? 1_000 : 5_000
  const settleMs = 500
  const idle: Awaited<ReturnType<Contender['measure']>>[] = []
  const floods: typeof idle = []
  const memory: number[] = []
  await prober.measure(ms)
  for (let round = 0; round < (quick ? 2 : 5); round++) {
    progress(name, `${door}, round ${round + 1}`)
    idle.push(await prober.measure(ms))
    const flooding = flooder.measure(ms + 2 * settleMs)
    await new Promise((resolve) => setTimeout(resolve, settleMs))
    floods.push(await prober.measure(ms))
    const { rss = Number.NaN } = await server.measure(0)
    memory.push(rss / MiB)
    await flooding
  }
  const bench = `${name}-${door}`
  return [
    compare({
      bench,
      against: 'idle',
      unit: 'ms (p99)',
      ours: figuresNamed(floods, 'p99'),
      theirs: figuresNamed(idle, 'p99'),
      bound: { of: 'ratio', is: '<', value: 2 },
    }),
    compareWithBound(`${bench}-memory`, 'MiB', memory, { of: 'ours', is: '<', value: 400 }),
  ]
}
