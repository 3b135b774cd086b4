import type { Prepared } from '../harness/contender.ts'
import { timeCallers } from '../harness/timed-loop.ts'
import { openFixture, WITHOUT_THROTTLE } from '../setup/fixture.ts'
import { createFolder } from '../setup/folder.ts'

const PASSWORD = 'correct horse battery staple'

export interface Options {
  readonly actors: number
  /** Logins under way at once. */
  readonly callers: number
  /** Passwords that are hashed at once. */
  readonly concurrency: number
}

/** `login` with the right password, over SQLite with full durability. */
export async function prepare({ actors, callers, concurrency }: Options): Promise<Prepared> {
  const folder = await createFolder()
  const authority = await openFixture(folder.path, {
    settings: WITHOUT_THROTTLE,
    passwords: { concurrency },
  })
  for (let i = 0; i < actors; i++) {
    const outcome = await authority.actors.register({ name: `person ${i}`, password: PASSWORD })
    if (!outcome.ok) throw new Error(outcome.code)
  }
  let at = 0

  return {
    measure: (ms) =>
      timeCallers(ms, callers, async () => {
        const identity = `person ${at++ % actors}`
        const options = { address: '192.0.2.1' }
        const outcome = await authority.login({ identity, password: PASSWORD }, options)
        if (!outcome.ok) throw new Error(outcome.code)
      }),
    async close() {
      await authority.close()
      await folder.remove()
    },
  }
}
