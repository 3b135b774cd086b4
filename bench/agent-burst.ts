import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Session } from '../src/client/index.ts'
import { type Contender, startContender, withContenders } from './harness/contender.ts'
import { progress } from './harness/progress.ts'
import { compareWithBound, type Row, type RunOptions } from './harness/row.ts'
import { createFolder } from './setup/folder.ts'

export const name = 'agent-burst'

/** Long enough that the token outlives the start of all processes. */
const TOKEN_MS = { quick: 6000, full: 40_000 }
const AT_ONCE = 4

/**
 * Many processes call an agent at once with one session file, in bursts at whose beginning the token is due: how often is it
 * replaced in each, does any call fail, is any half token ever read?
 */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const processes = quick ? 4 : 20
  const rounds = quick ? 2 : 3
  const tokenMs = quick ? TOKEN_MS.quick : TOKEN_MS.full
  const settings = { 'profile.agent.tokenMs': tokenMs, 'token.refreshThreshold': 0.5 }
  const folder = await createFolder()
  const clientPath = join(folder.path, 'client')
  const server = () => startContender('latchkey-grpc', { sessions: 1, format: 'jwt', settings })
  try {
    return await withContenders({ server }, async ({ server: { facts } }) => {
      const session = new Session({ clientPath })
      const [token = ''] = facts['tokens'] as readonly string[]
      await session.start({ token })
      const start = () =>
        startContender('agent-client', { port: facts['port'], clientPath, atOnce: AT_ONCE })
      const clients = Object.fromEntries(Array.from({ length: processes }, (_, at) => [at, start]))
      return await withContenders(clients, (started) =>
        measure(Object.values(started), session, rounds, quick ? 2000 : 4000),
      )
    })
  } finally {
    await folder.remove()
  }
}

async function measure(
  clients: readonly Contender[],
  session: Session,
  rounds: number,
  ms: number,
): Promise<Row[]> {
  const rates: number[] = []
  const refreshes: number[] = []
  const failed: number[] = []
  const torn: number[] = []
  for (let round = 0; round < rounds; round++) {
    progress(name, `burst ${round + 1} of ${rounds}`)
    const before = (await session.readToken()) ?? ''
    await untilDue(before)
    const seen = new Set([before])
    let over = false
    const burst = Promise.all(clients.map((client) => client.measure(ms))).finally(() => {
      over = true
    })
    let halves = 0
    while (!over) {
      const held = (await session.readToken()) ?? ''
      if (/^[\w-]+\.[\w-]+\.[\w-]{86}$/.test(held)) seen.add(held)
      else halves++
      await sleep(1)
    }
    const figures = await burst
    const sum = (key: string) => figures.reduce((total, each) => total + (each[key] ?? 0), 0)
    rates.push((sum('calls') / ms) * 1000)
    failed.push(sum('failed') + sum('warnings'))
    refreshes.push(seen.size - 1)
    torn.push(halves)
  }
  const none = { of: 'ours', is: '<', value: 1 } as const
  return [
    compareWithBound(name, 'calls/s', rates, { of: 'ours', is: '≥', value: 95 }),
    compareWithBound(`${name}-refreshes`, 'per burst', refreshes, { ...none, value: 2 }),
    compareWithBound(`${name}-failed`, 'per burst', failed, none),
    compareWithBound(`${name}-torn`, 'per burst', torn, none),
  ]
}

/** Waits until more than half of a token’s life is over. */
async function untilDue(token: string): Promise<void> {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    exp: number
    iat: number
  }
  await sleep(Math.max(0, (claims.exp - (claims.exp - claims.iat) / 2) * 1000 + 100 - Date.now()))
}
