import type { Figures } from './contender.ts'
import { type FiguresOf, type Measured, type RoundsOptions, runRounds } from './rounds.ts'

/** Which checkout a run is of. */
export type Side = 'ours' | 'theirs'

interface Arrival {
  readonly side: Side
  readonly contenders: Measured
  readonly resolve: (figures: FiguresOf) => void
  readonly reject: (error: unknown) => void
}

/**
 * Where two runs of one bench meet each time that they want to take turns: both wait until the other has come, then
 * the contenders of both work for one round, those of `first` first. A run that waits is rejected when the other leaves.
 */
export function createMeeting(first: Side) {
  let waiting: Arrival | null = null
  let left: Error | null = null

  /** What the run of a checkout calls instead of `takeTurns`. */
  function join(side: Side) {
    return async (contenders: Measured, options: RoundsOptions): Promise<FiguresOf> => {
      if (left !== null) throw left
      if (waiting === null) {
        return await new Promise((resolve, reject) => {
          waiting = { side, contenders, resolve, reject }
        })
      }
      const other = waiting
      waiting = null
      try {
        const own = { side, contenders }
        const order = side === first ? [own, other] : [other, own]
        const figures = await measureBoth(order, options)
        other.resolve(figures[other.side])
        return figures[side]
      } catch (error) {
        other.reject(error)
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
  order: readonly Pick<Arrival, 'side' | 'contenders'>[],
  options: RoundsOptions,
): Promise<Readonly<Record<Side, FiguresOf>>> {
  const { ours = ['latchkey'] } = options
  // Two of a name follow one another, so that as little as possible changes between them.
  const pairs = ours.flatMap((name) =>
    order.map(({ side, contenders }) => [`${side} ${name}`, memberOf(contenders, name)] as const),
  )
  const figures = await runRounds(Object.fromEntries(pairs), { ...options, rounds: 1 })
  const bySide = order.map(({ side, contenders }) => {
    const own = Object.fromEntries(ours.map((name) => [name, figures[`${side} ${name}`] ?? []]))
    const [sample = []] = Object.values(own)
    const peers = Object.keys(contenders).map((name) => [name, sample.map(ones)])
    return [side, { ...Object.fromEntries(peers), ...own }] as const
  })
  return Object.fromEntries(bySide) as Record<Side, FiguresOf>
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
