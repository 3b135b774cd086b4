import { startContender, withContenders } from './harness/contender.ts'
import { figuresNamed, takeTurns } from './harness/rounds.ts'
import { compare, compareWithBound, type Row, type RunOptions } from './harness/row.ts'

export const name = 'mage-noop'

/** What five times the original's 4,464 commands a second with a session come to. */
const FIVE_ORIGINALS = 22_320

/** How many commands that do nothing, each with a session, does the MAGE door answer a second? */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const servers = {
    latchkey: () => startContender('latchkey-mage', { sessions: quick ? 100 : 1_000 }),
    bare: () => startContender('bare-mage-http', {}),
  }
  return await withContenders(servers, async ({ latchkey, bare }) => {
    const keys = latchkey.facts['keys'] as readonly string[]
    const requests = keys.map((key) => {
      const body = `[{"name":"mage.session","key":"${key}"}]\n{}`
      return (
        'POST /game/players.noop HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: text/plain\r\n' +
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
      )
    })
    const load = (port: unknown) => () =>
      startContender('http-load', {
        port,
        requests,
        connections: 32,
        status: 200,
        contains: '[[null,null]]',
      })
    const clients = { latchkey: load(latchkey.facts['port']), bare: load(bare.facts['port']) }
    return await withContenders(clients, async (loads) => {
      const rounds = await takeTurns(loads, {
        bench: name,
        rounds: quick ? 3 : 9,
        ms: quick ? 500 : 2_000,
        warmUps: 2,
      })
      const ours = figuresNamed(rounds.latchkey, 'rate')
      const theirs = figuresNamed(rounds.bare, 'rate')
      const bound = { of: 'ratio', is: '≥', value: 0.75 } as const
      return [
        compare({ bench: name, against: 'bare-http', unit: 'commands/s', ours, theirs, bound }),
        compareWithBound(`${name}-original`, 'commands/s', ours, {
          of: 'ours',
          is: '≥',
          value: FIVE_ORIGINALS,
        }),
      ]
    })
  })
}
