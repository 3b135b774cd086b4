import { type Figures, startContender, withContenders } from './harness/contender.ts'
import { progress } from './harness/progress.ts'
import { figuresNamed } from './harness/rounds.ts'
import { compareWithBound, type Row, type RunOptions } from './harness/row.ts'
import { withAngenFixture } from './setup/angen-fixture.ts'

export const name = 'angen-revocation'

/** While 10,000 TCP connections are open: how long from `DELETE /v1/sessions/{id}` until the client sees its connection close? */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const connections = quick ? 1_000 : 10_000
  const half = connections / 2
  return await withAngenFixture(connections, async ({ port, httpPort, tokens, ids, bearers }) => {
    progress(name, `opening ${connections} connections`)
    const clients = {
      idle: () =>
        startContender('angen-clients', {
          port,
          host: '127.0.0.2',
          tokens: tokens.slice(half),
        }),
      revoked: () =>
        startContender('angen-revoker', {
          port,
          httpPort,
          host: '127.0.0.3',
          tokens: tokens.slice(0, half),
          ids: ids.slice(0, half),
          bearers: bearers.slice(0, half),
        }),
    }
    return await withContenders(clients, async ({ revoked }) => {
      const rounds: Figures[] = []
      await revoked.measure(500)
      for (let round = 0; round < (quick ? 2 : 5); round++) {
        progress(name, `round ${round + 1}`)
        rounds.push(await revoked.measure(quick ? 1_000 : 5_000))
      }
      const shown = (figure: string, bench: string): Row => ({
        bench,
        against: 'none',
        ours:
          figuresNamed(rounds, figure).toSorted((a, b) => a - b)[rounds.length >> 1] ?? Number.NaN,
        theirs: null,
        unit: 'ms',
        ratio: null,
      })
      return [
        compareWithBound(name, 'ms (p99)', figuresNamed(rounds, 'p99'), {
          of: 'ours',
          is: '<',
          value: 5,
        }),
        shown('p50', `${name}-p50`),
        shown('answeredP50', `${name}-answered-p50`),
        shown('answeredP99', `${name}-answered-p99`),
      ]
    })
  })
}
