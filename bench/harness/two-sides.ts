import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Contender, type Starter, starterInstead, startProcess } from './contender.ts'
import { createMeeting } from './meeting.ts'
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
  /** Rounds of both that count, over all starts. */
  readonly rounds: number
}

/**
 * How often both are started anew. A process keeps its memory layout and its compiled code for life, and so may be some
 * percent faster than another of the same code: only several processes show that this is no difference of the code.
 */
const STARTS = 5

/** Contenders that run the library; the others are peers and load generators, and both checkouts get ours. */
const SUBJECT = /^(latchkey-.*|angen-sessions)$/
const LOAD = /-load$/

/**
 * Runs a bench of this checkout twice at once, once with the contenders of each checkout, and lets them take turns. Peers are
 * started, because a bench may ask them for facts, but not measured.
 */
export async function runTwoSides(
  bench: Bench,
  { checkout, against, rounds, quick }: TwoSidesOptions,
): Promise<RevisionRow[]> {
  const starts = quick ? 1 : Math.min(STARTS, rounds)
  let subjects = 0
  const ours: Row[][] = []
  const theirs: Row[][] = []
  const peers = sharePeers(() => {
    subjects++
  })
  try {
    for (let start = 0; start < starts; start++) {
      progress(bench.name, `start ${start + 1} of ${starts}`)
      const meeting = createMeeting(Math.floor((rounds + start) / starts))
      const side = async (starter: Starter) => {
        try {
          return await starterInstead.run(starter, () =>
            turnsInstead.run(meeting.join(), () => bench.run({ quick })),
          )
        } catch (error) {
          meeting.leave(error instanceof Error ? error : new Error(String(error)))
          throw error
        } finally {
          meeting.leave()
        }
      }
      const outcomes = await Promise.allSettled([
        side(peers.starter((module, options) => startProcess(module, options))),
        side(peers.starter((module, options) => startIn(checkout, module, options))),
      ])
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
      const [own, other] = outcomes.map((outcome) => ('value' in outcome ? outcome.value : []))
      ours.push(own ?? [])
      theirs.push(other ?? [])
    }
    if (subjects === 0) {
      throw new Error(
        `${bench.name} starts no contender of the library, so it cannot be compared round by round.`,
      )
    }
  } finally {
    await peers.close()
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

/** The figures of every start. A row that stands beside several peers has the same in each, so the first is enough. */
function roundsOf(starts: readonly (readonly Row[])[], name: string): number[] {
  return starts.flatMap((rows) => rows.find(({ bench }) => bench === name)?.perRound ?? [])
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

/** Peers cost minutes to prepare: one of each serves both checkouts and every start. */
function sharePeers(onSubject: () => void) {
  const started = new Map<string, Promise<Contender>>()
  return {
    starter:
      (startSubject: Starter): Starter =>
      async (module, options) => {
        if (SUBJECT.test(module)) {
          onSubject()
          return await startSubject(module, options)
        }
        if (LOAD.test(module)) return await startProcess(module, options)
        const key = JSON.stringify([module, options])
        const peer = started.get(key) ?? startProcess(module, options)
        started.set(key, peer)
        return { ...(await peer), close: async () => {} }
      },
    async close() {
      await Promise.allSettled([...started.values()].map(async (peer) => (await peer).close()))
    },
  }
}
