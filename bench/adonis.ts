import { startContender, withContenders } from './harness/contender.ts'
import { figuresNamed, takeTurns } from './harness/rounds.ts'
import { type Bound, compare, type Row, type RunOptions } from './harness/row.ts'
import { type Engine, startApplication } from './setup/adonis-application.ts'
import { httpRequest } from './setup/http-request.ts'

export const name = 'adonis'

const USERS = 200
const CONNECTIONS = 16

const AUTHENTICATE: Bound = { of: 'ratio', is: '≥', value: 1.5 }
const CREATE: Bound = { of: 'ratio', is: '≥', value: 1 }

/** How many checks and how many new sessions, against the access tokens of `@adonisjs/auth` in the same application? */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const rows: Row[] = []
  for (const engine of ['postgres', 'sqlite'] as const) rows.push(...(await measure(engine, quick)))
  return rows
}

async function measure(engine: Engine, quick: boolean): Promise<Row[]> {
  const app = await startApplication(engine)
  try {
    const users: unknown[] = []
    for (let each = 0; each < USERS; each++) {
      users.push((await app.post('/users', { email: `${each}@example.org` }))['id'])
    }
    const checks = async (guard: 'latchkey' | 'api') => {
      const requests: string[] = []
      for (const userId of users) {
        const { token } = await app.post(`/${guard}/create`, { userId })
        requests.push(httpRequest(`GET /${guard}/me`, { header: `authorization: Bearer ${token}` }))
      }
      return requests
    }
    const creations = (path: string, some: readonly unknown[]) =>
      some.map((userId) => httpRequest(`POST ${path}`, { body: { userId } }))
    // Tokens without a limit pile up: not with the users whose surplus a limit has to remove.
    const [limited, unlimited] = [users.slice(USERS / 2), users.slice(0, USERS / 2)]
    const load = (requests: readonly string[], contains: string) => () =>
      startContender('http-load', {
        port: app.port,
        requests,
        connections: CONNECTIONS,
        status: 200,
        contains,
      })
    const rounds = await withContenders(
      {
        check: load(await checks('latchkey'), '"userId":'),
        theirCheck: load(await checks('api'), '"userId":'),
      },
      (started) =>
        takeTurns(started, {
          bench: `${name}-${engine}`,
          rounds: quick ? 3 : 9,
          ms: quick ? 500 : 2_000,
        }),
    )
    const made = await withContenders(
      {
        create: load(creations('/latchkey/create', limited), '"token":"oat_'),
        theirLimited: load(creations('/api/create-limited', limited), '"token":"oat_'),
        theirCreate: load(creations('/api/create', unlimited), '"token":"oat_'),
      },
      (started) =>
        takeTurns(started, {
          bench: `${name}-${engine}`,
          rounds: quick ? 3 : 9,
          ms: quick ? 500 : 2_000,
        }),
    )
    return [
      compare({
        bench: `${name}-authenticate-${engine}`,
        against: 'access-tokens',
        unit: 'requests/s',
        ours: figuresNamed(rounds.check, 'rate'),
        theirs: figuresNamed(rounds.theirCheck, 'rate'),
        bound: AUTHENTICATE,
      }),
      ...(['theirLimited', 'theirCreate'] as const).map((peer) =>
        compare({
          bench: `${name}-create-${engine}`,
          against: peer === 'theirLimited' ? 'access-tokens and a limit' : 'access-tokens',
          unit: 'requests/s',
          ours: figuresNamed(made.create, 'rate'),
          theirs: figuresNamed(made[peer], 'rate'),
          ...(peer === 'theirLimited' ? { bound: CREATE } : {}),
        }),
      ),
    ]
  } finally {
    await app.close()
  }
}
