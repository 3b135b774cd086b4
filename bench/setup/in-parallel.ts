/** Runs `work` for each number below `count`, `callers` at a time, and gives the results in order. */
export async function inParallel<T>(
  count: number,
  callers: number,
  work: (index: number) => Promise<T>,
): Promise<T[]> {
  const results = new Array<T>(count)
  let next = 0
  const lane = async () => {
    while (next < count) {
      const index = next++
      results[index] = await work(index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(callers, count) }, lane))
  return results
}
