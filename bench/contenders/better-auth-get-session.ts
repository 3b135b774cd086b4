import type { Prepared } from '../harness/contender.ts'
import { timeBatches } from '../harness/timed-loop.ts'
import { openBetterAuth } from '../setup/better-auth.ts'
import { createFolder } from '../setup/folder.ts'

const BATCH = 20

export interface Options {
  readonly users: number
  readonly sessions: number
}

/** better-auth's `getSession` with a cookie, its cookie cache off: what can be revoked at once, as ours can. */
export async function prepare(options: Options): Promise<Prepared> {
  const folder = await createFolder()
  const fixture = await openBetterAuth(folder.path, options)
  const requests = fixture.cookies.map((cookie) => new Headers({ cookie }))
  const nobody = new Headers()

  return {
    measure: (ms) => {
      let at = 0
      return timeBatches(ms, BATCH, async () => {
        for (let i = 0; i < BATCH; i++) {
          if (!(await fixture.hasSession(requests[at] ?? nobody))) throw new Error('no session')
          at = at + 1 === requests.length ? 0 : at + 1
        }
      })
    },
    async close() {
      fixture.close()
      await folder.remove()
    },
  }
}
