import type { Figures } from './contender.ts'

/**
 * Repeats `batch`, which does so many operations and checks each, until the time is over. Batches keep the clock out of
 * what is measured; the loop over single operations belongs to the contender, so that each has its own call site.
 */
export async function timeBatches(
  ms: number,
  batchSize: number,
  batch: (from: number) => Promise<void>,
): Promise<Figures> {
  const began = performance.now()
  const cpu = process.cpuUsage()
  let done = 0
  let elapsed = 0
  do {
    await batch(done)
    done += batchSize
    elapsed = performance.now() - began
  } while (elapsed < ms)
  const used = process.cpuUsage(cpu)
  return { rate: (done / elapsed) * 1000, cpuUs: (used.user + used.system) / done }
}

/** Works with `callers` at once until the time is over; each `call` is one operation, checked by itself. */
export async function timeCallers(
  ms: number,
  callers: number,
  call: (caller: number) => Promise<void>,
): Promise<Figures> {
  const began = performance.now()
  let done = 0
  let until = began
  const lane = async (caller: number) => {
    do {
      await call(caller)
      done++
      until = performance.now()
    } while (until - began < ms)
  }
  await Promise.all(Array.from({ length: callers }, (_, caller) => lane(caller)))
  return { rate: (done / (until - began)) * 1000 }
}
