import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Contender, type Starter, starterInstead, startProcess } from './contender.ts'
import { createMeeting, type Side } from './meeting.ts'
import { progress } from './progress.ts'
import { moduleNames } from './renamed-rows.ts'
import { turnsInstead } from './rounds.ts'
import type { Row, RunOptions } from './row.ts'
import { judge, type RevisionRow } from './verdict.ts'

/** The module of a bench. */
export interface Bench {
  readonly name: string
  run(options: RunOptions): Promise<Row[]>
}

export interface TwoSidesOptions extends RunOptions {
  /** The folder of the other checkout. */
  readonly checkout: string
  /** What to call it. */
  readonly against: string
  /** Rounds of both that count. */
  readonly rounds: number
}

/** Contenders that run the library; the others are peers and load generators, and both checkouts get ours. */
const SUBJECT = /^(latchkey-.*|angen-sessions)$/
const LOAD = /-load$/

/**
 * Runs a bench of this checkout twice at once for each round, once with the contenders of each checkout, and lets them take
 * turns. Peers are started, because a bench may ask them for facts, but not measured.
 *
 * Every round has new processes. A process keeps its memory layout for life, and may be a third faster than another of the
 * same code; rounds of the same two processes would measure that again and again.
 */
export async function runTwoSides(
  bench: Bench,
  { checkout, against, rounds, quick }: TwoSidesOptions,
): Promise<RevisionRow[]> {
  const ours: Row[][] = []
  const theirs: Row[][] = []
  const starters = createStarters(checkout)
  try {
    for (let round = 0; round < rounds; round++) {
      progress(bench.name, `starting both, ${round + 1} of ${rounds} times`)
      const meeting = createMeeting(round % 2 === 0 ? 'ours' : 'theirs')
      const run = async (side: Side) => {
        try {
          return await starterInstead.run(starters[side], () =>
            turnsInstead.run(meeting.join(side), () => bench.run({ quick })),
          )
        } catch (error) {
          meeting.leave(error instanceof Error ? error : new Error(String(error)))
          throw error
        } finally {
          meeting.leave()
        }
      }
      const outcomes = await Promise.allSettled([run('ours'), run('theirs')])
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
      const [own, other] = outcomes.map((outcome) => ('value' in outcome ? outcome.value : []))
      ours.push(own ?? [])
      theirs.push(other ?? [])
    }
    if (!starters.subjectStarted) {
      throw new Error(
        `${bench.name} starts no contender of the library, so it cannot be compared round by round.`,
      )
    }
  } finally {
    await starters.close()
  }
  const names = new Set(ours.flat().map((row) => row.bench))
  return [...names].map((name) => {
    const row = ours[0]?.find((each) => each.bench === name)
    return judge({
      bench: name,
      against,
      unit: row?.unit ?? '',
      turns: 'rounds',
      ours: roundsOf(ours, name),
      theirs: roundsOf(theirs, name),
    })
  })
}

/** The figures of every round. A row that stands beside several peers has the same in each, so the first is enough. */
function roundsOf(rounds: readonly (readonly Row[])[], name: string): number[] {
  return rounds.flatMap((rows) => rows.find(({ bench }) => bench === name)?.perRound ?? [])
}

async function startIn(checkout: string, module: string, options: unknown): Promise<Contender> {
  const name = moduleNames(module).find((each) =>
    existsSync(join(checkout, `bench/contenders/${each}.ts`)),
  )
  if (name === undefined) {
    throw new Error(
      `The revision has no contender ${module}. If it has another name there, add that to renamed-rows.ts.`,
    )
  }
  return await startProcess(name, options, checkout)
}

/**
 * Starts the contenders of both checkouts. Peers cost minutes to prepare: one that both ask for with the same options serves both
 * in every round.
 */
function createStarters(checkout: string) {
  const peers = new Map<string, { asked: number; readonly started: Promise<Contender> }>()
  let subjectStarted = false

  async function startPeer(module: string, options: unknown): Promise<Contender> {
    const key = JSON.stringify([module, options])
    const peer = peers.get(key) ?? { asked: 0, started: startProcess(module, options) }
    peers.set(key, peer)
    peer.asked++
    const contender = await peer.started
    const close = async () => {
      if (peer.asked > 1) return
      peers.delete(key)
      await contender.close()
    }
    return { ...contender, close }
  }

  const starter =
    (startSubject: Starter): Starter =>
    async (module, options) => {
      if (SUBJECT.test(module)) {
        subjectStarted = true
        return await startSubject(module, options)
      }
      return LOAD.test(module)
        ? await startProcess(module, options)
        : await startPeer(module, options)
    }

  return {
    ours: starter(startProcess),
    theirs: starter((module, options) => startIn(checkout, module, options)),
    get subjectStarted() {
      return subjectStarted
    },
    /** Closes the peers. */
    async close() {
      const started = [...peers.values()].map(async (peer) => (await peer.started).close())
      await Promise.allSettled(started)
    },
  }
}
