import { AsyncLocalStorage } from 'node:async_hooks'
import type { Contender, Figures } from './contender.ts'
import { progress } from './progress.ts'

export interface RoundsOptions {
  readonly bench: string
  /** Rounds that count. */
  readonly rounds: number
  /** How long each contender works in a round. */
  readonly ms: number
  /** Rounds before the first that counts: 1 by default. */
  readonly warmUps?: number
  /** Those that are ours, by name, for `--against`, which measures no others: `latchkey` by default. */
  readonly ours?: readonly string[]
}

/** Contenders by name, of which only the measuring matters. */
export type Measured<K extends string = string> = Readonly<Record<K, Pick<Contender, 'measure'>>>

/** The rounds of each, by name. */
export type FiguresOf<K extends string = string> = Readonly<Record<K, readonly Figures[]>>

/** What {@link takeTurns} uses instead within its `run`: how two checkouts take turns with each other. */
export const turnsInstead = new AsyncLocalStorage<
  (contenders: Measured, options: RoundsOptions) => Promise<FiguresOf>
>()

/**
 * Lets contenders take turns, every other round in reverse, so that what else the machine does falls on all of them
 * alike. Returns each one's figures of the rounds that count.
 */
export async function takeTurns<K extends string>(
  contenders: Measured<K>,
  options: RoundsOptions,
): Promise<FiguresOf<K>> {
  const instead = turnsInstead.getStore()
  if (instead !== undefined) return (await instead(contenders, options)) as FiguresOf<K>
  return await runRounds(contenders, options)
}

/** {@link takeTurns} among just these contenders, whatever stands in for it. */
export async function runRounds<K extends string>(
  contenders: Measured<K>,
  { bench, rounds, ms, warmUps = 1 }: RoundsOptions,
): Promise<FiguresOf<K>> {
  const names = Object.keys(contenders) as K[]
  const figures = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    K,
    Figures[]
  >
  for (let round = -warmUps; round < rounds; round++) {
    progress(bench, round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}`)
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const measured = await contenders[name].measure(ms)
      if (round >= 0) figures[name].push(measured)
    }
  }
  return figures
}

/** One figure of every round. Throws where it is missing. */
export function figuresNamed(rounds: readonly Figures[], name: string): number[] {
  return rounds.map((figures) => {
    const figure = figures[name]
    if (figure === undefined) throw new Error(`no figure ${name}`)
    return figure
  })
}
