import { startContender, withContenders } from './harness/contender.ts'
import { figuresNamed, takeTurns } from './harness/rounds.ts'
import { compare, type Row, type RunOptions } from './harness/row.ts'

export const name = 'angen-login'

const CONNECTIONS = 50
/** Logins of a connection under way at once. */
const DEPTH = 16

/** How many `auth/login` by token does the Angen door answer a second, over plain TCP? */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const servers = {
    latchkey: () => startContender('latchkey-angen', { sessions: CONNECTIONS }),
    echo: () => startContender('line-echo', {}),
  }
  return await withContenders(servers, async ({ latchkey, echo }) => {
    const load = (port: unknown) => () =>
      startContender('line-load', { port, tokens: latchkey.facts['tokens'], depth: DEPTH })
    const clients = { latchkey: load(latchkey.facts['port']), echo: load(echo.facts['port']) }
    return await withContenders(clients, async (loads) => {
      const rounds = await takeTurns(loads, {
        bench: name,
        rounds: quick ? 3 : 9,
        ms: quick ? 500 : 2_000,
        warmUps: 2,
      })
      return [
        compare({
          bench: name,
          against: 'line-echo',
          unit: 'logins/s',
          ours: figuresNamed(rounds.latchkey, 'rate'),
          theirs: figuresNamed(rounds.echo, 'rate'),
          bound: { of: 'ratio', is: '≥', value: 0.6 },
        }),
      ]
    })
  })
}
