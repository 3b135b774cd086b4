import type { Prepared } from '../harness/contender.ts'
import { openBetterAuth } from '../setup/better-auth.ts'
import { createFolder } from '../setup/folder.ts'
import { serve } from '../setup/serve.ts'

export interface Options {
  readonly users: number
  readonly sessions: number
}

/** better-auth's own handler. Facts: `headers` with the cookies of live sessions. */
export async function prepare(options: Options): Promise<Prepared> {
  const folder = await createFolder()
  const fixture = await openBetterAuth(folder.path, options)
  return await serve(fixture.handler, {
    facts: { headers: fixture.cookies.map((cookie) => `cookie: ${cookie}`) },
    async close() {
      fixture.close()
      await folder.remove()
    },
  })
}
