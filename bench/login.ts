import { startContender, withContenders } from './harness/contender.ts'
import { figuresNamed, takeTurns } from './harness/rounds.ts'
import { compare, type Row, type RunOptions } from './harness/row.ts'

export const name = 'login'

/** The library's defaults, said here so that the floor pays the same. */
const COST = { memoryKiB: 19_456, passes: 2, parallelism: 1 }
const CONCURRENCY = 2
const QUEUED = 64
const ACTORS = 64

/** What does a login cost beyond the hash that it cannot do without? */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const ours = (callers: number) => () =>
    startContender('latchkey-login', { actors: ACTORS, callers, concurrency: CONCURRENCY })
  const contenders = {
    argon2: () => startContender('bare-argon2', { ...COST, concurrency: CONCURRENCY }),
    asMany: ours(CONCURRENCY),
    queued: ours(QUEUED),
  }
  const rounds = await withContenders(contenders, (started) =>
    takeTurns(started, {
      bench: name,
      rounds: quick ? 3 : 9,
      ms: quick ? 500 : 4_000,
      ours: ['asMany', 'queued'],
    }),
  )
  const row = (bench: string, contender: 'asMany' | 'queued') =>
    compare({
      bench,
      against: 'argon2',
      unit: 'logins/s',
      ours: figuresNamed(rounds[contender], 'rate'),
      theirs: figuresNamed(rounds.argon2, 'rate'),
      bound: { of: 'ratio', is: '≥', value: 0.95 },
    })
  return [row(name, 'asMany'), row(`${name}-queued`, 'queued')]
}
