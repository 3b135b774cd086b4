import { withContenders } from './harness/contender.ts'
import { figuresNamed, takeTurns } from './harness/rounds.ts'
import { compare, compareWithBound, type Row, type RunOptions } from './harness/row.ts'
import { writeContenders } from './setup/write-contenders.ts'

export const name = 'sqlite-renew'

/** How many sessions a second are renewed through the authority, each on the disk before its caller hears of it? */
export async function run(options: RunOptions): Promise<Row[]> {
  const rounds = await withContenders(writeContenders('renew', options), (started) =>
    takeTurns(started, {
      bench: name,
      rounds: options.quick ? 3 : 9,
      ms: options.quick ? 200 : 2_000,
    }),
  )
  const unit = 'sessions/s'
  const ours = figuresNamed(rounds.latchkey, 'rate')
  const theirs = figuresNamed(rounds['node:sqlite'], 'rate')
  return [
    compareWithBound(name, unit, ours, { of: 'ours', is: '≥', value: 10_000 }),
    compare({ bench: name, against: 'node:sqlite', unit, ours, theirs }),
  ]
}
