import { startContender, withContenders } from './harness/contender.ts'
import { figuresNamed, takeTurns } from './harness/rounds.ts'
import { compare, type Row, type RunOptions } from './harness/row.ts'
import { withAngenFixture } from './setup/angen-fixture.ts'

export const name = 'angen-login'

const CONNECTIONS = 50

/** How many `auth/login` by token does the Angen door answer a second, over plain TCP? */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const peers = { echo: () => startContender('line-echo', {}) }
  return await withAngenFixture(CONNECTIONS, (fixture) =>
    withContenders(peers, async ({ echo }) => {
      /** Logins of a connection that wait for an answer at once. */
      const atDepth = async (bench: string, depth: number, atLeast: number): Promise<Row> => {
        const load = (port: unknown) => () =>
          startContender('line-load', { port, tokens: fixture.tokens, depth })
        const clients = { latchkey: load(fixture.port), echo: load(echo.facts['port']) }
        return await withContenders(clients, async (loads) => {
          const rounds = await takeTurns(loads, {
            bench,
            rounds: quick ? 3 : 9,
            ms: quick ? 500 : 2_000,
            warmUps: 2,
          })
          return compare({
            bench,
            against: 'line-echo',
            unit: 'logins/s',
            ours: figuresNamed(rounds.latchkey, 'rate'),
            theirs: figuresNamed(rounds.echo, 'rate'),
            bound: { of: 'ratio', is: '≥', value: atLeast },
          })
        })
      }
      return [await atDepth(name, 1, 0.7), await atDepth(`${name}-pipelined`, 16, 0.5)]
    }),
  )
}
