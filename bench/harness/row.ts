import { median, spreadOf } from './statistics.ts'

/** One figure of ours beside one of theirs. These names are the JSON of `npm run bench -- --json`. */
export interface Row {
  readonly bench: string
  /** The peer, `floor` for what the machine allows, or `bound` for a figure that was promised. */
  readonly against: string
  readonly ours: number
  /** Null, as is the ratio, for a figure that has nothing beside it. */
  readonly theirs: number | null
  readonly unit: string
  /** Ours over theirs: the median of the rounds' ratios. */
  readonly ratio: number | null
  /** What was promised, as text: `≥ 0.7 ×` of the ratio, `≥ 15000` of ours. */
  readonly bound?: string
  readonly met?: boolean
  /** How far the rounds' ratios lie apart: largest less smallest, over the median. */
  readonly spread?: number
  /** Ours in each round, in order. */
  readonly perRound?: readonly number[]
}

/** What a bench may be asked for. */
export interface RunOptions {
  /** Fewer sessions and shorter rounds, to see that everything runs. The figures mean nothing. */
  readonly quick: boolean
}

/** What was promised, of the ratio or of our own figure. */
export interface Bound {
  readonly of: 'ratio' | 'ours'
  readonly is: '≥' | '>' | '<'
  readonly value: number
}

/** What a row is made of: a figure for each round, ours and theirs in the same order. */
export interface Comparison {
  readonly bench: string
  readonly against: string
  readonly unit: string
  readonly ours: readonly number[]
  readonly theirs: readonly number[]
  readonly bound?: Bound
}

/** Compares two runs round by round. */
export function compare({ bench, against, unit, ours, theirs, bound }: Comparison): Row {
  if (ours.length === 0 || ours.length !== theirs.length) {
    throw new Error(`${bench} against ${against}: ${ours.length} and ${theirs.length} rounds`)
  }
  const ratios = ours.map((figure, round) => figure / (theirs[round] ?? Number.NaN))
  const figures = { ours: median(ours), theirs: median(theirs), ratio: median(ratios) }
  return {
    bench,
    against,
    unit,
    ...figures,
    ...(ratios.length > 1 ? { spread: spreadOf(ratios) } : {}),
    perRound: ours,
    ...(bound === undefined
      ? {}
      : { bound: boundText(bound), met: isMet(bound, figures[bound.of]) }),
  }
}

/** Compares our rounds with the figure that was promised. */
export function compareWithBound(
  bench: string,
  unit: string,
  ours: readonly number[],
  bound: Bound,
): Row {
  const theirs = ours.map(() => bound.value)
  return compare({ bench, against: 'bound', unit, ours, theirs, bound })
}

function boundText({ of, is, value }: Bound): string {
  return `${is} ${value}${of === 'ratio' ? ' ×' : ''}`
}

function isMet({ is, value }: Bound, figure: number): boolean {
  if (is === '≥') return figure >= value
  return is === '>' ? figure > value : figure < value
}
