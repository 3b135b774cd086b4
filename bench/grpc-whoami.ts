import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { type Contender, startContender, withContenders } from './harness/contender.ts'
import { figuresNamed, takeTurns } from './harness/rounds.ts'
import { compare, type Row, type RunOptions } from './harness/row.ts'

export const name = 'grpc-whoami'

const PATH = '/latchkey.v1.Sessions/WhoAmI'
const IN_FLIGHT = 50

/** How many `WhoAmI` a second does the gRPC door answer, against bare grpc-js with the same bytes? */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const sessions = quick ? 100 : 1_000
  const servers = {
    latchkey: () => startContender('latchkey-grpc', { sessions, format: 'jwt' }),
  }
  return await withContenders(servers, async ({ latchkey }) => {
    const answer = await answerOf(latchkey)
    const bare = () =>
      startContender('grpc-echo', { path: PATH, answer: answer.toString('base64') })
    return await withContenders({ bare }, ({ bare: echo }) =>
      measure(latchkey, echo, answer.length, quick),
    )
  })
}

async function measure(
  latchkey: Contender,
  echo: Contender,
  bytes: number,
  quick: boolean,
): Promise<Row[]> {
  const load = (server: Contender) => () =>
    startContender('grpc-load', {
      port: server.facts['port'],
      path: PATH,
      tokens: tokensOf(latchkey),
      inFlight: IN_FLIGHT,
      // Names are of several lengths.
      bytes: bytes - 8,
    })
  const rounds = await withContenders({ latchkey: load(latchkey), echo: load(echo) }, (loads) =>
    takeTurns(
      { latchkey: metered(latchkey, loads.latchkey), echo: metered(echo, loads.echo) },
      { bench: name, rounds: quick ? 3 : 9, ms: quick ? 500 : 3_000, warmUps: 2 },
    ),
  )
  const figures = (figure: string) => ({
    against: 'grpc-echo',
    ours: figuresNamed(rounds.latchkey, figure),
    theirs: figuresNamed(rounds.echo, figure),
  })
  const bound = { of: 'ratio', is: '≥', value: 0.85 } as const
  return [
    compare({ bench: name, unit: 'calls/s', ...figures('rate'), bound }),
    compare({ bench: `${name}-cpu`, unit: 'µs of server/call', ...figures('serverUs') }),
    compare({ bench: `${name}-p99`, unit: 'ms', ...figures('p99') }),
  ]
}

/** A client's rounds, with the processor time that the server took for each answer. */
function metered(server: Contender, client: Contender): Pick<Contender, 'measure'> {
  return {
    async measure(ms) {
      const before = await server.measure(0)
      const figures = await client.measure(ms)
      const after = await server.measure(0)
      const usedUs = (after['cpuUs'] ?? Number.NaN) - (before['cpuUs'] ?? Number.NaN)
      return { ...figures, serverUs: usedUs / (figures['count'] ?? Number.NaN) }
    },
  }
}

function tokensOf(server: Contender): readonly string[] {
  return server.facts['tokens'] as readonly string[]
}

function answerOf(server: Contender): Promise<Buffer> {
  const same = (bytes: Buffer) => bytes
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${tokensOf(server)[0] ?? ''}`)
  const client = new Client(`127.0.0.1:${server.facts['port']}`, credentials.createInsecure())
  return new Promise<Buffer>((resolve, reject) => {
    client.makeUnaryRequest(PATH, same, same, Buffer.alloc(0), metadata, (error, answer) => {
      client.close()
      if (error !== null) reject(error)
      else resolve(answer ?? Buffer.alloc(0))
    })
  })
}
