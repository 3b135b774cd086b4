import { startContender, withContenders } from './harness/contender.ts'
import { figuresNamed, takeTurns } from './harness/rounds.ts'
import { type Bound, compare, type Row, type RunOptions } from './harness/row.ts'
import { median } from './harness/statistics.ts'

export const name = 'authenticate'

const BOUNDS: Readonly<Record<string, Bound>> = {
  floor: { of: 'ratio', is: '≥', value: 0.7 },
  'better-auth': { of: 'ratio', is: '≥', value: 90 },
  jose: { of: 'ratio', is: '>', value: 1 },
  'iron-session': { of: 'ratio', is: '>', value: 1 },
}

/** How fast is a check that sees every revocation, against checks that do and checks that cannot? */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const sessions = quick ? 2_000 : 100_000
  const actors = sessions / 10
  // A stateless check costs the same however many there are; these are enough to keep none of them warm.
  const tokens = quick ? 1_000 : 20_000
  // Few enough for the processor's caches: what the code costs, with little of what memory costs.
  const few = sessions / 10
  const contenders = {
    few: () => startContender('latchkey-authenticate', { sessions: few, actors: few / 10 }),
    latchkey: () => startContender('latchkey-authenticate', { sessions, actors }),
    floor: () => startContender('floor-authenticate', { sessions, digests: 'bytes' }),
    'floor-text': () => startContender('floor-authenticate', { sessions, digests: 'text' }),
    'better-auth': () => startContender('better-auth-get-session', { users: actors, sessions }),
    jose: () => startContender('jose-verify', { tokens }),
    'iron-session': () => startContender('iron-session-unseal', { tokens }),
    'fast-jwt': () => startContender('fast-jwt-verify', { tokens: sessions, cached: false }),
    'fast-jwt-cached': () => startContender('fast-jwt-verify', { tokens: sessions, cached: true }),
  }
  const rounds = await withContenders(contenders, (started) =>
    takeTurns(started, {
      bench: name,
      rounds: quick ? 3 : 9,
      ms: quick ? 200 : 1_000,
      ours: ['latchkey', 'few'],
    }),
  )
  const { latchkey, few: ofFew, ...peers } = rounds
  const unit = 'checks/s'
  const rows = Object.entries(peers).map(([against, theirs]) =>
    compare({
      bench: name,
      against,
      unit,
      ours: figuresNamed(latchkey, 'rate'),
      theirs: figuresNamed(theirs, 'rate'),
      ...(BOUNDS[against] === undefined ? {} : { bound: BOUNDS[against] }),
    }),
  )
  const perRound = figuresNamed(ofFew, 'rate')
  const alone = { against: 'none', theirs: null, ratio: null }
  return [...rows, { bench: `${name}-few`, ...alone, ours: median(perRound), unit, perRound }]
}
