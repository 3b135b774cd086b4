import type { Prepared } from '../harness/contender.ts'
import { addActors, CALLERS, logIn, openFixture } from '../setup/fixture.ts'
import { createFolder } from '../setup/folder.ts'
import { inParallel } from '../setup/in-parallel.ts'

export interface Options {
  readonly sessions: number
  readonly actors: number
  readonly callers: number
}

/** The first check of each renewed token, which is on the disk before it is answered. The renewals are not timed. */
export async function prepare({ sessions, actors, callers }: Options): Promise<Prepared> {
  const folder = await createFolder()
  const authority = await openFixture(folder.path)
  let secrets = await logIn(authority, await addActors(authority, actors), sessions)

  return {
    async measure(ms) {
      let done = 0
      let elapsed = 0
      do {
        secrets = await inParallel(sessions, CALLERS, async (index) => {
          const renewed = await authority.renew(secrets[index]?.renewal ?? '')
          if (!renewed.ok || renewed.renewal === null) throw new Error('not renewed')
          return { token: renewed.token, renewal: renewed.renewal }
        })
        const began = performance.now()
        await inParallel(sessions, callers, async (index) => {
          const check = await authority.authenticate(secrets[index]?.token)
          if (!check.ok) throw new Error(check.code)
        })
        elapsed += performance.now() - began
        done += sessions
      } while (elapsed < ms)
      return { rate: (done / elapsed) * 1000 }
    },
    async close() {
      await authority.close()
      await folder.remove()
    },
  }
}
