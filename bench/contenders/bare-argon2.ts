import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Prepared } from '../harness/contender.ts'
import { timeCallers } from '../harness/timed-loop.ts'

export interface Options {
  readonly memoryKiB: number
  readonly passes: number
  readonly parallelism: number
  /** Hashes under way at once. */
  readonly concurrency: number
}

/** The floor of a login: `crypto.argon2` alone, and its tag compared. */
export async function prepare(options: Options): Promise<Prepared> {
  const parameters: Argon2Parameters = {
    message: 'correct horse battery staple',
    nonce: randomBytes(16),
    memory: options.memoryKiB,
    passes: options.passes,
    parallelism: options.parallelism,
    tagLength: 32,
  }
  const expected = await derive(parameters)

  return {
    measure: (ms) =>
      timeCallers(ms, options.concurrency, async () => {
        if (!timingSafeEqual(await derive(parameters), expected)) throw new Error('another tag')
      }),
    close: async () => {},
  }
}

function derive(parameters: Argon2Parameters): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, tag) => (error ? reject(error) : resolve(tag)))
  })
}
