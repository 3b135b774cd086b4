import { startContender, withContenders } from './harness/contender.ts'
import { figuresNamed, takeTurns } from './harness/rounds.ts'
import { compare, type Row, type RunOptions } from './harness/row.ts'

export const name = 'authenticate-flat'

/** Does a check cost the same among a million sessions as among ten thousand, beyond what the floor loses too? */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const few = quick ? 1_000 : 10_000
  const many = quick ? 10_000 : 1_000_000
  const ours = (sessions: number) => () =>
    startContender('latchkey-authenticate', { sessions, actors: sessions / 10 })
  const floor = (sessions: number, digests: 'bytes' | 'text') => () =>
    startContender('floor-authenticate', { sessions, digests })
  const rounds = await withContenders(
    {
      oursFew: ours(few),
      bytesFew: floor(few, 'bytes'),
      textFew: floor(few, 'text'),
      oursMany: ours(many),
      bytesMany: floor(many, 'bytes'),
      textMany: floor(many, 'text'),
    },
    (contenders) =>
      takeTurns(contenders, {
        bench: name,
        rounds: quick ? 3 : 9,
        ms: quick ? 200 : 2_000,
        ours: ['oursMany'],
      }),
  )
  const rates = Object.fromEntries(
    Object.entries(rounds).map(([contender, figures]) => [
      contender,
      figuresNamed(figures, 'rate'),
    ]),
  )
  const ratios = (our: string, their: string) =>
    (rates[our] ?? []).map((rate, round) => rate / (rates[their]?.[round] ?? Number.NaN))
  const row = (against: string, floorMany: string, floorFew: string): Row =>
    compare({
      bench: name,
      against,
      unit: '× of floor',
      ours: ratios('oursMany', floorMany),
      theirs: ratios('oursFew', floorFew),
      bound: { of: 'ratio', is: '≥', value: 0.8 },
    })
  return [row('floor', 'bytesMany', 'bytesFew'), row('floor-text', 'textMany', 'textFew')]
}
