import { startContender, withContenders } from './harness/contender.ts'
import { figuresNamed, takeTurns } from './harness/rounds.ts'
import { compare, type Row, type RunOptions } from './harness/row.ts'

export const name = 'event-fan-out'

/** How many events a second reach open connections, ten of each actor, in order and with a mailbox for those that are away? */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const options = { actors: quick ? 100 : 1_000, connections: 10, callers: 64 }
  const contenders = {
    latchkey: () => startContender('latchkey-events', options),
    map: () => startContender('bare-events', options),
  }
  const rounds = await withContenders(contenders, (started) =>
    takeTurns(started, { bench: name, rounds: quick ? 3 : 9, ms: quick ? 200 : 1_000 }),
  )
  return [
    compare({
      bench: name,
      against: 'map',
      unit: 'events/s',
      ours: figuresNamed(rounds.latchkey, 'rate'),
      theirs: figuresNamed(rounds.map, 'rate'),
    }),
  ]
}
