import { median } from './statistics.ts'

/** A median, and between which figures it lies with the confidence that was asked for. */
export interface MedianInterval {
  readonly median: number
  readonly low: number
  readonly high: number
}

/**
 * The median of the figures with an interval that contains the true median with a probability of at least `confidence`
 * (0 to 1, 0.95 by default). Null where there are too few figures for such an interval: fewer than six for 0.95.
 *
 * The interval is that of the sign test: it reaches from one of the sorted figures to another, and the binomial
 * distribution says which. It assumes nothing about how the figures are distributed.
 */
export function medianInterval(
  figures: readonly number[],
  confidence = 0.95,
): MedianInterval | null {
  const sorted = figures.toSorted((a, b) => a - b)
  const count = sorted.length
  const tail = (1 - confidence) / 2
  // The chance of one result of `count` fair coins; doubled step by step into the chance of at most `cut` heads.
  let one = 0.5 ** count
  let atMost = one
  let cut = -1
  while (atMost <= tail) {
    cut++
    one = (one * (count - cut)) / (cut + 1)
    atMost += one
  }
  const low = sorted[cut]
  const high = sorted[count - 1 - cut]
  if (low === undefined || high === undefined) return null
  return { median: median(sorted), low, high }
}
