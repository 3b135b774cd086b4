import { startContender, withContenders } from './harness/contender.ts'
import { progress } from './harness/progress.ts'
import { figuresNamed } from './harness/rounds.ts'
import { compareWithBound, type Row, type RunOptions } from './harness/row.ts'

export const name = 'grpc-lockall'

const OPEN = 100

/** How long after `SessionLockAll` is asked for has an open `Watch` of that actor ended, while others' stay open? */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const rounds = quick ? 2 : 5
  const ms = quick ? 500 : 2_000
  // A lock is on the disk before anybody hears of it: fewer than one a millisecond.
  const sessions = OPEN + (rounds + 1) * ms
  const server = () => startContender('latchkey-grpc', { sessions, format: 'jwt' })
  return await withContenders({ server }, async ({ server: { facts } }) => {
    const { port, tokens } = facts
    const clients = () => startContender('grpc-watchers', { port, tokens, open: OPEN })
    return await withContenders({ clients }, async ({ clients: watchers }) => {
      await watchers.measure(ms)
      const figures = []
      for (let round = 0; round < rounds; round++) {
        progress(name, `round ${round + 1} of ${rounds}`)
        figures.push(await watchers.measure(ms))
      }
      const p99 = figuresNamed(figures, 'p99')
      return [compareWithBound(`${name}-p99`, 'ms', p99, { of: 'ours', is: '<', value: 10 })]
    })
  })
}
