import type { Prepared } from '../harness/contender.ts'
import { addActors, logIn, openFixture } from '../setup/fixture.ts'
import { createFolder } from '../setup/folder.ts'

const TOKEN_LENGTH = 79

export interface Options {
  readonly sessions: number
  readonly actors: number
}

/** How much the heap grows while every session of a file comes into the cache by being checked. */
export async function prepare({ sessions, actors }: Options): Promise<Prepared> {
  const folder = await createFolder()
  const filling = await openFixture(folder.path)
  const made = await logIn(filling, await addActors(filling, actors), sessions)
  // Bytes outside the heap: a token is a new string at every check, as it is when it comes from a socket, and what the
  // cache keeps of it counts.
  const tokens = Buffer.from(made.map(({ token }) => token).join(''), 'latin1')
  made.length = 0
  await filling.close()

  const measure = async () => {
    const authority = await openFixture(folder.path)
    await checkAll(authority, tokens.subarray(0, TOKEN_LENGTH))
    const before = await heapBytes()
    const checked = await checkAll(authority, tokens)
    const after = await heapBytes()
    const { cachedSessions } = authority.stats()
    await authority.close()
    if (checked !== sessions || cachedSessions !== sessions) throw new Error('not all are cached')
    return { bytesPerSession: (after - before) / (sessions - 1) }
  }
  return { measure, close: () => folder.remove() }
}

type Fixture = Awaited<ReturnType<typeof openFixture>>

async function checkAll(authority: Fixture, tokens: Buffer): Promise<number> {
  let checked = 0
  for (let at = 0; at < tokens.length; at += TOKEN_LENGTH) {
    const outcome = await authority.authenticate(tokens.toString('latin1', at, at + TOKEN_LENGTH))
    if (!outcome.ok) throw new Error(outcome.code)
    checked++
  }
  return checked
}

async function heapBytes(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('needs --expose-gc')
  // Finalizers of the first collection free what the second one collects.
  for (let i = 0; i < 3; i++) {
    globalThis.gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
