import { type Contender, startContender, withContenders } from './harness/contender.ts'
import { progress } from './harness/progress.ts'
import { figuresNamed } from './harness/rounds.ts'
import { compare, compareWithBound, type Row, type RunOptions } from './harness/row.ts'
import { httpRequest } from './setup/http-request.ts'

export const name = 'login-storm'

const WAITING = 200
const PASSWORD = 'correct horse battery staple'
const PROBE_EVERY_MS = 10

/** How long does who is logged in wait for `GET /v1/session`, while 200 others wait for their passwords to be checked? */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const server = () =>
    startContender('latchkey-http', {
      sessions: 1_000,
      actors: 100,
      passwords: { actors: WAITING, password: PASSWORD },
    })
  return await withContenders({ server }, ({ server: started }) => {
    const port = started.facts['port']
    const names = started.facts['names'] as readonly string[]
    const headers = started.facts['headers'] as readonly string[]
    const clients = {
      storm: () =>
        startContender('http-load', {
          port,
          requests: names.map((identity) =>
            httpRequest('POST /v1/sessions', { body: { identity, password: PASSWORD } }),
          ),
          connections: WAITING,
          status: 201,
          contains: '"token":"',
        }),
      prober: () =>
        startContender('http-load', {
          port,
          requests: headers.map((header) => httpRequest('GET /v1/session', { header })),
          connections: 1,
          everyMs: PROBE_EVERY_MS,
          status: 200,
          contains: '"session":{',
        }),
    }
    return withContenders(clients, ({ storm, prober }) => probe(storm, prober, quick))
  })
}

async function probe(storm: Contender, prober: Contender, quick: boolean): Promise<Row[]> {
  const ms = quick ? 1_000 : 10_000
  const idle: Awaited<ReturnType<Contender['measure']>>[] = []
  const storms: typeof idle = []
  // The probing begins when the queue has filled, and ends before it drains.
  const settleMs = 500
  await prober.measure(ms / 2)
  for (let round = 0; round < (quick ? 2 : 5); round++) {
    progress(name, `round ${round + 1}`)
    idle.push(await prober.measure(ms))
    const raging = storm.measure(ms + 2 * settleMs)
    await new Promise((resolve) => setTimeout(resolve, settleMs))
    const [probed] = await Promise.all([prober.measure(ms), raging])
    storms.push(probed)
  }
  const against = (figure: string, other: string) =>
    compare({
      bench: figure === 'p99' ? name : `${name}-${figure}`,
      against: other,
      unit: 'ms',
      ours: figuresNamed(storms, figure),
      theirs: figuresNamed(idle, figure),
    })
  return [
    compareWithBound(name, 'ms (p99)', figuresNamed(storms, 'p99'), {
      of: 'ours',
      is: '<',
      value: 25,
    }),
    against('p99', 'idle'),
    against('p50', 'idle'),
    against('max', 'idle'),
  ]
}
