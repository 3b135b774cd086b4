import { type Contender, startContender, withContenders } from './harness/contender.ts'
import { figuresNamed, takeTurns } from './harness/rounds.ts'
import { compare, type Row, type RunOptions } from './harness/row.ts'
import { httpRequest } from './setup/http-request.ts'

export const name = 'http-session'

const CONNECTIONS = 50

/** How many `GET /v1/session` a second does the HTTP door answer, against a bare route and a peer on the same server? */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const sessions = quick ? 1_000 : 10_000
  const servers = {
    latchkey: () => startContender('latchkey-http', { sessions, actors: sessions / 10 }),
    'better-auth': () => startContender('better-auth-http', { users: sessions / 10, sessions }),
  }
  return await withContenders(servers, async (started) => {
    const asked = headersOf(started.latchkey)
    const sample = await answerOf(started.latchkey, asked[0] ?? '')
    return await withContenders({ hono: () => startContender('hono-http', sample) }, (bare) =>
      measure({ ...started, ...bare }, asked, quick),
    )
  })
}

type Servers = Readonly<Record<'latchkey' | 'better-auth' | 'hono', Contender>>

async function measure(servers: Servers, asked: readonly string[], quick: boolean): Promise<Row[]> {
  const ours = asked.map((header) => httpRequest('GET /v1/session', { header }))
  const theirs = headersOf(servers['better-auth']).map((header) =>
    httpRequest('GET /api/auth/get-session', { header }),
  )
  const load = (server: Contender, requests: readonly string[]) => () =>
    startContender('http-load', {
      port: server.facts['port'],
      requests,
      connections: CONNECTIONS,
      status: 200,
      contains: '"session":{',
    })
  const clients = {
    latchkey: load(servers.latchkey, ours),
    hono: load(servers.hono, ours),
    'better-auth': load(servers['better-auth'], theirs),
  }
  const rounds = await withContenders(clients, (loads) =>
    takeTurns(
      {
        latchkey: metered(servers.latchkey, loads.latchkey),
        hono: metered(servers.hono, loads.hono),
        'better-auth': metered(servers['better-auth'], loads['better-auth']),
      },
      { bench: name, rounds: quick ? 3 : 9, ms: quick ? 500 : 3_000, warmUps: 2 },
    ),
  )
  return (['hono', 'better-auth'] as const).flatMap((against) => {
    const figures = (figure: string) => ({
      against,
      ours: figuresNamed(rounds.latchkey, figure),
      theirs: figuresNamed(rounds[against], figure),
    })
    const bound = { of: 'ratio', is: '≥', value: 0.75 } as const
    return [
      compare({
        bench: name,
        unit: 'requests/s',
        ...figures('rate'),
        ...(against === 'hono' ? { bound } : {}),
      }),
      compare({ bench: `${name}-cpu`, unit: 'µs of server/request', ...figures('serverUs') }),
      compare({ bench: `${name}-p99`, unit: 'ms', ...figures('p99') }),
    ]
  })
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

function headersOf(server: Contender): readonly string[] {
  return server.facts['headers'] as readonly string[]
}

async function answerOf(server: Contender, header: string) {
  const [name = '', value = ''] = header.split(/: (.*)/)
  const url = `http://127.0.0.1:${Number(server.facts['port'])}/v1/session`
  const response = await fetch(url, { headers: { [name]: value } })
  if (response.status !== 200) throw new Error(`status ${response.status}`)
  // What the server below adds by itself is not the route's to set.
  const byServer = new Set(['connection', 'content-length', 'date', 'keep-alive'])
  const headers = [...response.headers].filter(([header]) => !byServer.has(header))
  return { body: (await response.json()) as unknown, headers: Object.fromEntries(headers) }
}
