import { startContender, withContenders } from './harness/contender.ts'
import { figuresNamed, takeTurns } from './harness/rounds.ts'
import { compare, compareWithBound, type Row, type RunOptions } from './harness/row.ts'
import { CALLERS, writeContenders } from './setup/write-contenders.ts'

export const name = 'sqlite-renew'

/** How many sessions a second are renewed through the authority, each on the disk before its caller hears of it? */
export async function run(options: RunOptions): Promise<Row[]> {
  const sessions = options.quick ? 2_000 : 100_000
  const contenders = {
    ...writeContenders('renew', options),
    'conditional-update': () =>
      startContender('conditional-update', { sessions, actors: sessions / 10, group: CALLERS }),
  }
  const rounds = await withContenders(contenders, (started) =>
    takeTurns(started, {
      bench: name,
      rounds: options.quick ? 3 : 9,
      ms: options.quick ? 200 : 2_000,
    }),
  )
  const unit = 'sessions/s'
  const ours = figuresNamed(rounds.latchkey, 'rate')
  const against = (peer: 'node:sqlite' | 'conditional-update') => ({
    against: peer,
    theirs: figuresNamed(rounds[peer], 'rate'),
  })
  const bound = { of: 'ratio', is: '≥', value: 0.8 } as const
  return [
    compareWithBound(name, unit, ours, { of: 'ours', is: '≥', value: 10_000 }),
    compare({ bench: name, unit, ours, ...against('conditional-update'), bound }),
    compare({ bench: name, unit, ours, ...against('node:sqlite') }),
  ]
}
