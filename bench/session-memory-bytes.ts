import { startContender, withContenders } from './harness/contender.ts'
import { figuresNamed, takeTurns } from './harness/rounds.ts'
import { compareWithBound, type Row, type RunOptions } from './harness/row.ts'

export const name = 'session-memory-bytes'

/** What does a live session take in memory, its share of its actor included? */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const sessions = quick ? 2_000 : 100_000
  const contenders = {
    shared: () => startContender('latchkey-memory', { sessions, actors: sessions / 10 }),
    own: () => startContender('latchkey-memory', { sessions, actors: sessions }),
  }
  const rounds = await withContenders(contenders, (started) =>
    takeTurns(started, { bench: name, rounds: 3, ms: 0, warmUps: 1, ours: ['shared', 'own'] }),
  )
  const unit = 'bytes/session'
  const bound = { of: 'ours', is: '<', value: 600 } as const
  const own = compareWithBound(name, unit, figuresNamed(rounds.own, 'bytesPerSession'), bound)
  // With an actor for each session nothing was promised; the figure stands beside the bound all the same.
  const { bound: _, met: __, ...unpromised } = own
  return [
    compareWithBound(name, unit, figuresNamed(rounds.shared, 'bytesPerSession'), bound),
    { ...unpromised, bench: `${name}-own-actor` },
  ]
}
