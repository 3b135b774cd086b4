import { type Authority, createAuthority } from 'latchkey'
import { postgres } from 'latchkey/stores/postgres'
import { startPostgres } from '../test/support/postgres.ts'
import { startContender, withContenders } from './harness/contender.ts'
import { progress } from './harness/progress.ts'
import { figuresNamed, takeTurns } from './harness/rounds.ts'
import { compare, type Row, type RunOptions } from './harness/row.ts'
import { WITHOUT_THROTTLE } from './setup/fixture.ts'

export const name = 'cluster'

const CALLERS = 64
const VERBS = ['create', 'end'] as const

/** Three nodes on one PostgreSQL: how soon is a session revoked on all of them, and how many durable writes a second does one node make? */
export async function run(options: RunOptions): Promise<Row[]> {
  // Every commit waits for the disk.
  const server = await startPostgres({ settings: { fsync: 'on', max_connections: 300 } })
  try {
    const rows = await measureRevocation(server.url, options)
    for (const verb of VERBS) rows.push(await measureWrites(verb, server.url, options))
    return rows
  } finally {
    await server.stop()
  }
}

/** Revocations at one node, one after another, each checked on another node in the turn after its acknowledgement. */
async function measureRevocation(url: string, { quick }: RunOptions): Promise<Row[]> {
  progress(name, 'revocation')
  const nodes = await Promise.all([1, 2, 3].map(() => openNode(url)))
  const [one, two, three] = nodes
  if (one === undefined || two === undefined || three === undefined) throw new Error('no nodes')
  try {
    const imported = await one.actors.import({ name: 'ada' })
    if (!imported.ok) throw new Error(imported.code)
    const latencies: number[] = []
    let accepted = 0
    for (let round = 0; round < (quick ? 50 : 2000); round++) {
      const made = await one.sessions.loginAs(imported.actor.id)
      if (!made.ok) throw new Error(made.code)
      for (const node of nodes) {
        if (!(await node.authenticate(made.token)).ok) throw new Error('not known')
      }
      const began = performance.now()
      await three.sessions.end({ id: made.session.id })
      latencies.push(performance.now() - began)
      if ((await two.authenticate(made.token)).ok) accepted++
    }
    latencies.sort((a, b) => a - b)
    const at = (part: number) => latencies[Math.floor((latencies.length - 1) * part)] ?? Number.NaN
    return [
      figure('cluster-revocation-p50', at(0.5), 'ms'),
      figure('cluster-revocation-p99', at(0.99), 'ms'),
      figure('cluster-revocation-max', at(1), 'ms'),
      figure('cluster-revocation-accepted', accepted, 'checks'),
    ]
  } finally {
    for (const node of nodes) await node.close()
  }
}

function openNode(url: string): Promise<Authority> {
  return createAuthority({ store: postgres({ url }), settings: WITHOUT_THROTTLE, pruneEveryMs: 0 })
}

function figure(bench: string, ours: number, unit: string): Row {
  return { bench, against: 'none', ours, theirs: null, unit, ratio: null }
}

async function measureWrites(
  verb: (typeof VERBS)[number],
  url: string,
  { quick }: RunOptions,
): Promise<Row> {
  const options = { url, verb, actors: quick ? 200 : 2000, callers: CALLERS }
  const contenders = {
    latchkey: () => startContender('latchkey-postgres', options),
    pg: () => startContender('bare-pg', options),
  }
  const rounds = await withContenders(contenders, (started) =>
    takeTurns(started, { bench: name, rounds: quick ? 3 : 7, ms: quick ? 300 : 2000 }),
  )
  return compare({
    bench: `cluster-${verb}`,
    against: 'pg',
    unit: 'sessions/s',
    ours: figuresNamed(rounds.latchkey, 'rate'),
    theirs: figuresNamed(rounds.pg, 'rate'),
    bound: { of: 'ratio', is: '≥', value: 0.5 },
  })
}
