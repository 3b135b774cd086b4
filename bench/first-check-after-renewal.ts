import { startContender, withContenders } from './harness/contender.ts'
import { figuresNamed, takeTurns } from './harness/rounds.ts'
import { compare, type Row, type RunOptions } from './harness/row.ts'
import { CALLERS } from './setup/write-contenders.ts'

export const name = 'first-check-after-renewal'

/** How many renewed tokens a second are checked for the first time, each first use on the disk before the answer? */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const sessions = quick ? 1_000 : 20_000
  const options = { sessions, actors: sessions / 10 }
  const contenders = {
    latchkey: () => startContender('latchkey-first-check', { ...options, callers: CALLERS }),
    'conditional-update': () => startContender('bare-first-use', { ...options, group: CALLERS }),
  }
  const rounds = await withContenders(contenders, (started) =>
    takeTurns(started, { bench: name, rounds: quick ? 3 : 9, ms: quick ? 200 : 1_000 }),
  )
  return [
    compare({
      bench: name,
      against: 'conditional-update',
      unit: 'checks/s',
      ours: figuresNamed(rounds.latchkey, 'rate'),
      theirs: figuresNamed(rounds['conditional-update'], 'rate'),
    }),
  ]
}
