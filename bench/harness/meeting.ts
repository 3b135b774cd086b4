import type { Figures } from './contender.ts'
import { type FiguresOf, type Measured, type RoundsOptions, runRounds } from './rounds.ts'

interface Arrival {
  readonly contenders: Measured
  readonly resolve: (figures: FiguresOf) => void
  readonly reject: (error: unknown) => void
}

/**
 * Where two runs of one bench meet each time that they want to take turns: both wait until the other has come, then
 * their contenders work one after the other, `rounds` times. A run that waits is rejected when the other leaves.
 */
export function createMeeting(rounds: number) {
  let waiting: Arrival | null = null
  let left: Error | null = null

  /** What a run calls instead of `takeTurns`. */
  function join() {
    return async (contenders: Measured, options: RoundsOptions): Promise<FiguresOf> => {
      if (left !== null) throw left
      if (waiting === null) {
        return await new Promise((resolve, reject) => {
          waiting = { contenders, resolve, reject }
        })
      }
      const first = waiting
      waiting = null
      try {
        const [theirs, own] = await measureBoth(first.contenders, contenders, {
          ...options,
          rounds,
        })
        first.resolve(theirs)
        return own
      } catch (error) {
        first.reject(error)
        throw error
      }
    }
  }

  /** To be called when a run has ended, with the error where it failed: the other then fails with the same. */
  function leave(error = new Error('The run of the other checkout has ended.')): void {
    left ??= error
    waiting?.reject(left)
    waiting = null
  }

  return { join, leave }
}

async function measureBoth(
  first: Measured,
  second: Measured,
  options: RoundsOptions,
): Promise<readonly [FiguresOf, FiguresOf]> {
  const { ours = ['latchkey'] } = options
  const both: Record<string, Measured[string]> = {}
  // Two of a name follow one another, so that as little as possible changes between them.
  for (const name of ours) {
    both[`first ${name}`] = memberOf(first, name)
    both[`second ${name}`] = memberOf(second, name)
  }
  const figures = await runRounds(both, options)
  const side = (prefix: string, contenders: Measured): FiguresOf => {
    const own = Object.fromEntries(ours.map((name) => [name, figures[`${prefix} ${name}`] ?? []]))
    const [sample = []] = Object.values(own)
    const peers = Object.keys(contenders).map((name) => [name, sample.map(ones)])
    return { ...Object.fromEntries(peers), ...own }
  }
  return [side('first', first), side('second', second)]
}

function memberOf(contenders: Measured, name: string): Measured[string] {
  const found = contenders[name]
  if (found === undefined) throw new Error(`There is no contender ${name} to take turns with.`)
  return found
}

/** What a peer that is not measured is said to have done: rows then hold our figures divided by one. */
function ones(figures: Figures): Figures {
  return Object.fromEntries(Object.keys(figures).map((name) => [name, 1]))
}
