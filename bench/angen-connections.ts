import { type Contender, startContender, withContenders } from './harness/contender.ts'
import { progress } from './harness/progress.ts'
import { figuresNamed } from './harness/rounds.ts'
import { compare, compareWithBound, type Row, type RunOptions } from './harness/row.ts'
import { withAngenFixture } from './setup/angen-fixture.ts'

export const name = 'angen-connections'

const STEPS = 3
const SETTLE_MS = 3_000

/** What do 15,000 idle TCP connections cost that are logged in, and how soon are 10,000 back that were cut off at once? */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const step = quick ? 500 : 5_000
  return await withAngenFixture(STEPS * step + 1, async ({ server, port, tokens }) => {
    const clients: Contender[] = []
    // What a server that has just started has yet to compile and to set up is no cost of a connection.
    await logIn(port, tokens.slice(-1), quick ? 500 : 3_000)
    const held = [await settledBytes(server, 0)]
    try {
      for (let at = 0; at < STEPS; at++) {
        progress(name, `opening connections ${at * step} to ${(at + 1) * step}`)
        const own = tokens.slice(at * step, (at + 1) * step)
        const host = `127.0.0.${at + 2}`
        clients.push(await startContender('angen-clients', { port, host, tokens: own }))
        held.push(await settledBytes(server, (at + 1) * step))
      }
      const p99s: number[] = []
      for (let round = 0; round < (quick ? 1 : 5); round++) {
        progress(name, `logging in, round ${round + 1}`)
        p99s.push(await logIn(port, tokens.slice(-1), quick ? 1_000 : 5_000))
      }
      return [
        ...memoryRows(held, step),
        compareWithBound(`${name}-login-p99`, 'ms', p99s, { of: 'ours', is: '<', value: 10 }),
        ...(await storm(clients.slice(0, 2), 2 * step, quick)),
      ]
    } finally {
      await Promise.allSettled(clients.map((each) => each.close()))
    }
  })
}

async function settledBytes(server: Contender, open: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
  const figures = await server.measure(0)
  if (figures['open'] !== open) throw new Error(`${figures['open']} connections are open`)
  return figures['bytes'] ?? Number.NaN
}

/** The 99th percentile of one client that logs in over and over. */
async function logIn(port: unknown, tokens: readonly string[], ms: number): Promise<number> {
  const load = () => startContender('line-load', { port, tokens, depth: 1, everyMs: 5 })
  return await withContenders({ load }, async (started) => {
    const figures = await started.load.measure(ms)
    return figures['p99'] ?? Number.NaN
  })
}

function memoryRows(held: readonly number[], step: number): Row[] {
  const at = (index: number) => held[index] ?? Number.NaN
  const each = [1, 2, 3].map((steps) => {
    const bytes = (at(steps) - at(0)) / (steps * step)
    const bound = { of: 'ours', is: '<', value: 12_288 } as const
    return compareWithBound(`${name}-bytes-${steps * step}`, 'bytes each', [bytes], bound)
  })
  const straight = compare({
    bench: `${name}-straight`,
    against: `first ${step}`,
    unit: `bytes each, last ${step}`,
    ours: [(at(3) - at(2)) / step],
    theirs: [(at(1) - at(0)) / step],
    bound: { of: 'ratio', is: '<', value: 1.25 },
  })
  return [...each, straight]
}

async function storm(clients: readonly Contender[], all: number, quick: boolean): Promise<Row[]> {
  const lasts: number[] = []
  const missing: number[] = []
  const turnedAway: number[] = []
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    progress(name, `storm ${round + 1}`)
    const figures = await Promise.all(clients.map((each) => each.measure(0)))
    const sum = (of: string) => figuresNamed(figures, of).reduce((total, one) => total + one, 0)
    lasts.push(Math.max(...figuresNamed(figures, 'ms')) / 1000)
    missing.push(all - sum('count'))
    turnedAway.push(sum('turnedAway') / all)
  }
  const bound = (value: number) => ({ of: 'ours', is: '<', value }) as const
  return [
    compareWithBound('angen-storm', 's until the last is back', lasts, bound(15)),
    compareWithBound('angen-storm-refused', 'clients never back', missing, bound(1)),
    {
      bench: 'angen-storm-turned-away',
      against: 'none',
      ours: turnedAway.reduce((total, one) => total + one, 0) / turnedAway.length,
      theirs: null,
      unit: 'times each',
      ratio: null,
    },
  ]
}
