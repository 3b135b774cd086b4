import { createHandler } from 'latchkey/doors/http'
import type { Prepared } from '../harness/contender.ts'
import { shuffledIndexes } from '../harness/statistics.ts'
import { createFolder } from '../setup/folder.ts'
import { addActors, logIn, openHouse, WITHOUT_THROTTLE, warm } from '../setup/house.ts'
import { serve } from '../setup/serve.ts'

export interface Options {
  readonly sessions: number
  readonly actors: number
  /** Actors that have this password too. */
  readonly passwords?: { readonly actors: number; readonly password: string }
}

/** The HTTP door over SQLite. Facts: `headers` with the tokens of live sessions, `names` of those with a password. */
export async function prepare({ sessions, actors, passwords }: Options): Promise<Prepared> {
  const folder = await createFolder()
  const authority = await openHouse(folder.path, { settings: WITHOUT_THROTTLE })
  const made = await logIn(authority, await addActors(authority, actors), sessions)
  const tokens = made.map(({ token }) => token)
  await warm(authority, tokens, Date.now())
  const names: string[] = []
  for (let i = 0; i < (passwords?.actors ?? 0); i++) {
    const name = `person ${i}`
    const outcome = await authority.register({ name, password: passwords?.password ?? '' })
    if (!outcome.ok) throw new Error(outcome.code)
    names.push(name)
  }
  const headers = Array.from(
    shuffledIndexes(sessions),
    (index) => `authorization: Bearer ${tokens[index] ?? ''}`,
  )
  return await serve(createHandler(authority), {
    facts: { headers, names },
    async close() {
      await authority.close()
      await folder.remove()
    },
  })
}
