import { type Contender, startContender, withContenders } from './harness/contender.ts'
import { progress } from './harness/progress.ts'
import { figuresNamed } from './harness/rounds.ts'
import { compareWithBound, type Row, type RunOptions } from './harness/row.ts'

export const name = 'mage-streams'

const MiB = 1024 * 1024

/** What do ten thousand open message streams cost, and how soon do they all hear an event? */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const streams = quick ? 500 : 10_000
  const server = () => startContender('latchkey-mage', { sessions: streams })
  return await withContenders({ server }, async ({ server: started }) => {
    const port = started.facts['port']
    const keys = started.facts['keys'] as readonly string[]
    const before = await started.measure(0)
    progress(name, `opening ${streams} streams`)
    const half = Math.ceil(streams / 2)
    const clients = {
      here: () => startContender('mage-sockets', { port, keys: keys.slice(0, half) }),
      there: () => startContender('mage-sockets', { port, keys: keys.slice(half) }),
    }
    return await withContenders(clients, async (sockets) => {
      const after = await started.measure(0)
      if (after['open'] !== streams) throw new Error(`${after['open']} streams are open`)
      const usedMiB = ((after['rss'] ?? 0) - (before['rss'] ?? 0)) / MiB
      const noop = noopLoad(port, keys[0] ?? '')
      return await withContenders({ noop }, async ({ noop: prober }) => [
        compareWithBound(`${name}-memory`, 'MiB', [usedMiB], { of: 'ours', is: '<', value: 150 }),
        ...(await shout(started, Object.values(sockets), prober, quick)),
      ])
    })
  })
}

function noopLoad(port: unknown, key: string) {
  const body = `[{"name":"mage.session","key":"${key}"}]\n{}`
  const request =
    'POST /game/players.noop HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: text/plain\r\n' +
    `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  const options = {
    port,
    requests: [request],
    connections: 1,
    everyMs: 5,
    status: 200,
    contains: 'null',
  }
  return () => startContender('http-load', options)
}

async function shout(
  server: Contender,
  sockets: readonly Contender[],
  prober: Contender,
  quick: boolean,
): Promise<Row[]> {
  const heard: { max: number }[] = []
  const probes: Awaited<ReturnType<Contender['measure']>>[] = []
  for (let round = 0; round < (quick ? 2 : 7); round++) {
    progress(name, `broadcast ${round + 1}`)
    const listening = sockets.map((each) => each.measure(0))
    await server.measure(1)
    const probing = prober.measure(1_500)
    const times = await Promise.all(listening)
    heard.push({ max: Math.max(...times.map((each) => each['max'] ?? Number.NaN)) })
    probes.push(await probing)
  }
  const ms = quick ? 500 : 5_000
  const listening = sockets.map((each) => each.measure(ms + 500))
  await server.measure(ms)
  const whispers = await Promise.all(listening)
  const bound = (value: number) => ({ of: 'ours', is: '<', value }) as const
  return [
    compareWithBound(`${name}-event-p99`, 'ms', figuresNamed(whispers, 'p99'), bound(5)),
    compareWithBound(
      `${name}-broadcast`,
      'ms until the last heard',
      heard.map(({ max }) => max),
      bound(500),
    ),
    compareWithBound(`${name}-noop-p99`, 'ms meanwhile', figuresNamed(probes, 'p99'), bound(50)),
  ]
}
