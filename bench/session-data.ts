import { startContender, withContenders } from './harness/contender.ts'
import { figuresNamed, takeTurns } from './harness/rounds.ts'
import { compare, type Row, type RunOptions } from './harness/row.ts'

export const name = 'session-data'

/** What does it cost to save the data of a request session durably, and to read it from the cache? */
export async function run(options: RunOptions): Promise<Row[]> {
  const put = await measure('put', options)
  const read = await measure('read', options)
  // 1.3 × the time of one insert.
  const bound = { of: 'ratio', is: '≥', value: 0.77 } as const
  return [
    compare({ bench: 'session-put', against: 'insert', unit: 'puts/s', ...put, bound }),
    compare({ bench: 'session-data-read', against: 'map', unit: 'reads/s', ...read }),
  ]
}

async function measure(verb: 'put' | 'read', { quick }: RunOptions) {
  const sessions = quick ? 2_000 : 50_000
  const contenders = {
    latchkey: () => startContender('latchkey-session-data', { verb, sessions }),
    bare: () => startContender('bare-session-data', { verb, sessions }),
  }
  const rounds = await withContenders(contenders, (started) =>
    takeTurns(started, { bench: name, rounds: quick ? 3 : 9, ms: quick ? 200 : 1_000 }),
  )
  return {
    ours: figuresNamed(rounds.latchkey, 'rate'),
    theirs: figuresNamed(rounds.bare, 'rate'),
  }
}
