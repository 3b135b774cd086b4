import { type Contender, startContender, withContenders } from '../harness/contender.ts'

/** A running server and the sessions in it, in the order of one another. */
export interface AngenFixture {
  readonly server: Contender
  readonly port: unknown
  readonly httpPort: unknown
  readonly tokens: readonly string[]
  readonly ids: readonly string[]
  readonly bearers: readonly string[]
}

/** Fills a folder, starts a server on it, and closes both after use. */
export async function withAngenFixture<T>(
  sessions: number,
  use: (fixture: AngenFixture) => Promise<T>,
): Promise<T> {
  const filled = { filled: () => startContender('angen-sessions', { sessions }) }
  return await withContenders(filled, async ({ filled: { facts } }) => {
    const { folder, tokens, ids, bearers } = facts as Record<string, readonly string[]>
    const server = () => startContender('latchkey-angen', { folder })
    return await withContenders({ server }, ({ server: started }) => {
      const { port, httpPort } = started.facts
      return use({ server: started, port, httpPort, ...lists({ tokens, ids, bearers }) })
    })
  })
}

function lists<K extends string>(given: Record<K, readonly string[] | undefined>) {
  return given as Record<K, readonly string[]>
}
