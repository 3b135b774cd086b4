import { randomBytes } from 'node:crypto'
import type { Figures, Prepared } from '../harness/contender.ts'
import { shuffledIndexes } from '../harness/statistics.ts'
import { timeBatches, timeCallers } from '../harness/timed-loop.ts'
import { CALLERS, openFixture } from '../setup/fixture.ts'
import { createFolder } from '../setup/folder.ts'
import { inParallel } from '../setup/in-parallel.ts'
import { sessionValue } from '../setup/session-value.ts'

export interface Options {
  readonly verb: 'put' | 'read'
  /** Keyed sessions that exist before the first round. */
  readonly sessions: number
}

const BATCH = 1000

/** `sessions.keyed.put` of a new session by one caller, each on the disk before the next; or `keyed.find` of cached ones. */
export async function prepare({ verb, sessions }: Options): Promise<Prepared> {
  const folder = await createFolder()
  const authority = await openFixture(folder.path, {
    settings: { 'anonymous.maxPerAddress': 1_000_000 },
  })
  const { keyed } = authority.sessions
  const newKey = () => randomBytes(24).toString('base64url')
  const keys = Array.from({ length: sessions }, newKey)
  await inParallel(sessions, CALLERS, async (index) => {
    const put = await keyed.put(keys[index] ?? '', { value: sessionValue(index) })
    if (!put.ok) throw new Error(put.code)
  })
  const order = shuffledIndexes(sessions)
  let at = 0

  const put = async () => {
    const done = await keyed.put(newKey(), { value: sessionValue(at++) })
    if (!done.ok || !done.created) throw new Error('not created')
  }
  const readBatch = async () => {
    for (let i = 0; i < BATCH; i++) {
      const index = order[at % sessions] ?? 0
      at++
      const found = await keyed.find(keys[index] ?? '')
      if (!found.ok || found.version !== 1) throw new Error('not found')
    }
  }
  if (verb === 'read') for (let done = 0; done < sessions; done += BATCH) await readBatch()

  return {
    measure: (ms): Promise<Figures> =>
      verb === 'put' ? timeCallers(ms, 1, put) : timeBatches(ms, BATCH, readBatch),
    async close() {
      await authority.close()
      await folder.remove()
    },
  }
}
