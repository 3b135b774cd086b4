import { randomBytes, randomUUID } from 'node:crypto'
import { createSigner, createVerifier } from 'fast-jwt'
import type { Prepared } from '../harness/contender.ts'
import { shuffledIndexes } from '../harness/statistics.ts'
import { timeBatches } from '../harness/timed-loop.ts'

const BATCH = 1000

export interface Options {
  readonly tokens: number
  /** Whether it may remember what it has verified. */
  readonly cached: boolean
}

/** `fast-jwt`: an HS256 signature and an expiry, verified synchronously; awaited, as a caller of any check does. */
export async function prepare({ tokens: count, cached }: Options): Promise<Prepared> {
  const key = randomBytes(32)
  const sign = createSigner({ key, algorithm: 'HS256', expiresIn: 86_400_000 })
  const verify = createVerifier({ key, algorithms: ['HS256'], cache: cached ? count : false })
  const all = Array.from({ length: count }, () => sign({ sub: randomUUID(), sid: randomUUID() }))
  const tokens = Array.from(shuffledIndexes(count), (index) => all[index] ?? '')
  if (cached) for (const token of tokens) verify(token)

  return {
    measure: (ms) => {
      let at = 0
      return timeBatches(ms, BATCH, async () => {
        for (let i = 0; i < BATCH; i++) {
          const payload: { sub?: string } = await verify(tokens[at] ?? '')
          if (payload.sub === undefined) throw new Error('no subject')
          at = at + 1 === tokens.length ? 0 : at + 1
        }
      })
    },
    close: async () => {},
  }
}
