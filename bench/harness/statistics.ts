/** The middle of the figures, or the mean of the two in the middle. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  if (!Number.isInteger(middle)) return upper
  return (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/** Largest less smallest, over the median. */
export function spreadOf(figures: readonly number[]): number {
  return (Math.max(...figures) - Math.min(...figures)) / median(figures)
}

/** The figure that `share` (0 to 1) of the sorted figures do not exceed: nearest rank. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  const rank = Math.max(1, Math.ceil(share * sorted.length))
  return sorted[rank - 1] ?? Number.NaN
}

/** Numbers below `length` in an order that is the same in every run: xorshift32, Fisher-Yates. */
export function shuffledIndexes(length: number): Uint32Array {
  const indexes = Uint32Array.from({ length }, (_, index) => index)
  let state = 0x9e3779b9
  for (let last = length - 1; last > 0; last--) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    const other = (state >>> 0) % (last + 1)
    const moved = indexes[last] ?? 0
    indexes[last] = indexes[other] ?? 0
    indexes[other] = moved
  }
  return indexes
}
