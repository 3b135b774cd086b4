import { medianInterval } from './interval.ts'
import { median } from './statistics.ts'

/** The lowest ratio that is no loss. */
export const LOSS_BELOW = 0.95

/**
 * `lost`: the whole interval lies below 0.95. `kept`: none of it does. `gained`: the whole interval lies above 1.05.
 * `unclear`: 0.95 is within the interval, or there were too few rounds for an interval.
 */
export type Verdict = 'lost' | 'unclear' | 'kept' | 'gained'

/** A figure of this checkout beside the same figure of another revision. These names are the JSON of `--against`. */
export interface RevisionRow {
  readonly bench: string
  /** The revision, as an abbreviated commit. */
  readonly against: string
  /** Medians of the rounds. */
  readonly ours: number
  readonly theirs: number
  readonly unit: string
  /** The median of the ratios of the rounds; more than 1 is better than the revision, for every unit. */
  readonly ratio: number
  /** Between what the ratio lies with 95 % confidence; null where there were fewer than six rounds. */
  readonly interval: readonly [low: number, high: number] | null
  readonly rounds: number
  /** Whether the checkouts took turns round by round, or a whole bench after another. */
  readonly turns: 'rounds' | 'benches'
  readonly verdict: Verdict
}

/** What a row is judged by: a figure for each round, of both checkouts in the same order. */
export interface Rounds extends Pick<RevisionRow, 'bench' | 'against' | 'unit' | 'turns'> {
  readonly ours: readonly number[]
  readonly theirs: readonly number[]
}

/** Judges a row by the ratios of its rounds. Throws where one checkout has more rounds than the other. */
export function judge({ ours, theirs, ...row }: Rounds): RevisionRow {
  if (ours.length === 0 || ours.length !== theirs.length) {
    throw new Error(`${row.bench}: ${ours.length} rounds beside ${theirs.length}`)
  }
  const ratios = ours.map((figure, round) => ratioOf(row.unit, figure, theirs[round] ?? Number.NaN))
  const found = medianInterval(ratios)
  const interval = found === null ? null : ([found.low, found.high] as const)
  return {
    ...row,
    ours: median(ours),
    theirs: median(theirs),
    ratio: median(ratios),
    interval,
    rounds: ratios.length,
    verdict: verdictOf(interval),
  }
}

function ratioOf(unit: string, ours: number, theirs: number): number {
  // Also where both are none: failures, clients that never came back.
  if (ours === theirs) return 1
  return moreIsBetter(unit) ? ours / theirs : theirs / ours
}

/** Whether more of a unit is better: rates are, times, sizes and counts are not. */
export function moreIsBetter(unit: string): boolean {
  return unit.endsWith('/s') || unit.startsWith('×')
}

function verdictOf(interval: RevisionRow['interval']): Verdict {
  if (interval === null) return 'unclear'
  const [low, high] = interval
  if (high < LOSS_BELOW) return 'lost'
  if (low > 2 - LOSS_BELOW) return 'gained'
  return low >= LOSS_BELOW ? 'kept' : 'unclear'
}
