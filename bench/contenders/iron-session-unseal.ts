import { randomUUID } from 'node:crypto'
import { sealData, unsealData } from 'iron-session'
import type { Prepared } from '../harness/contender.ts'
import { shuffledIndexes } from '../harness/statistics.ts'
import { timeBatches } from '../harness/timed-loop.ts'

const BATCH = 20
const PASSWORD = 'a password of the bench, of at least 32 characters'

interface Sealed {
  readonly user?: string
}

/** `iron-session`: an encrypted cookie, opened; no way to revoke. */
export async function prepare({ tokens: count }: { readonly tokens: number }): Promise<Prepared> {
  const all: string[] = []
  for (let i = 0; i < count; i++) {
    all.push(await sealData({ user: randomUUID(), sid: randomUUID() }, { password: PASSWORD }))
  }
  const seals = Array.from(shuffledIndexes(count), (index) => all[index] ?? '')

  return {
    measure: (ms) => {
      let at = 0
      return timeBatches(ms, BATCH, async () => {
        for (let i = 0; i < BATCH; i++) {
          const opened = await unsealData<Sealed>(seals[at] ?? '', { password: PASSWORD })
          if (opened.user === undefined) throw new Error('empty')
          at = at + 1 === seals.length ? 0 : at + 1
        }
      })
    },
    close: async () => {},
  }
}
