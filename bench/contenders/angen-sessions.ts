import { angenCodec } from '../../src/doors/angen/index.ts'
import type { Prepared } from '../harness/contender.ts'
import { addActors, CALLERS, openFixture } from '../setup/fixture.ts'
import { createFolder } from '../setup/folder.ts'
import { inParallel } from '../setup/in-parallel.ts'

export interface Options {
  readonly sessions: number
}

/**
 * Fills a data folder, in a process of its own so that the server's memory is not that of its filling. Facts: the `folder`, which
 * goes with this process; by session, each of another actor: the `tokens` that log in, the `ids`, and the `bearers`: tokens of a second
 * session of the same actor.
 */
export async function prepare({ sessions }: Options): Promise<Prepared> {
  const folder = await createFolder()
  const authority = await openFixture(folder.path, { codecs: [angenCodec] })
  const actors = await addActors(authority, sessions)
  const begin = (how: object) =>
    inParallel(sessions, CALLERS, async (index) => {
      const begun = await authority.sessions.loginAs(actors[index] ?? '', how)
      if (!begun.ok) throw new Error(begun.code)
      return { token: begun.token, id: begun.session.id }
    })
  const devices = await begin({ profile: 'device', format: 'angen' })
  const others = await begin({})
  await authority.close()
  return {
    facts: {
      folder: folder.path,
      tokens: devices.map(({ token }) => token),
      ids: devices.map(({ id }) => id),
      bearers: others.map(({ token }) => token),
    },
    measure: async () => ({}),
    close: () => folder.remove(),
  }
}
