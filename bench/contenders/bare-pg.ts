import { type Authority, createAuthority } from 'latchkey'
import { postgres } from 'latchkey/stores/postgres'
import pg from 'pg'
import type { Figures, Prepared } from '../harness/contender.ts'
import { timeCallers } from '../harness/timed-loop.ts'
import { addActors, WITHOUT_THROTTLE } from '../setup/fixture.ts'

export interface Options {
  readonly url: string
  readonly verb: 'create' | 'end'
  readonly actors: number
  readonly callers: number
}

interface Recorded {
  readonly text: string
  readonly values: readonly unknown[]
}

/**
 * A `pg` client that runs the statements of the store in the same order on the same tables: they are recorded from one
 * call, and repeated with other owners and other ids.
 */
export async function prepare({ url, verb, actors, callers }: Options): Promise<Prepared> {
  const pool = new pg.Pool({ connectionString: url, max: callers + 2, pipeline: true })
  const recorder = record(pool)
  const schema = `bare_${verb}`
  const store = postgres({ pool, schema })
  const authority = await createAuthority({ store, settings: WITHOUT_THROTTLE, pruneEveryMs: 0 })
  const owners = await addActors(authority, actors)
  const { id, owner, create, end } = await recordCalls(authority, owners[0] ?? '', recorder)
  await authority.close()
  let at = 0

  async function repeat(statements: readonly Recorded[], names: [id: string, owner: string]) {
    const swap = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(swap)
      return typeof value === 'string'
        ? value.replaceAll(id, names[0]).replaceAll(owner, names[1])
        : value
    }
    const client = await pool.connect()
    try {
      for (const { text, values } of statements) await client.query(text, values.map(swap))
    } finally {
      client.release()
    }
  }
  const call = async () => {
    const number = at++
    const names: [string, string] = [`${number}`.padStart(25, 'x'), owners[number % actors] ?? '']
    await repeat(create, names)
    if (verb === 'end') await repeat(end, names)
  }
  return {
    measure: (ms): Promise<Figures> => timeCallers(ms, callers, call),
    close: () => pool.end(),
  }
}

interface Recorder {
  take(): Recorded[]
}

/** Records what the clients of a pool send, without heartbeats. */
function record(pool: pg.Pool): Recorder {
  let recorded: Recorded[] = []
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...given: unknown[]) => unknown
    const wrapped = (statement: string | pg.QueryConfig, values?: unknown[]) => {
      const text = typeof statement === 'string' ? statement : statement.text
      const given = typeof statement === 'string' ? (values ?? []) : (statement.values ?? [])
      const isBeat =
        text.includes('bus_nodes AS n') ||
        given.some((value) => String(value).includes('heartbeat'))
      if (!isBeat) recorded.push({ text, values: given })
      return query(statement, values)
    }
    Object.assign(client, { query: wrapped })
  })
  return {
    take() {
      const taken = recorded
      recorded = []
      return taken
    },
  }
}

async function recordCalls(authority: Authority, owner: string, recorder: Recorder) {
  // The first login of an owner may differ.
  await authority.sessions.loginAs(owner)
  recorder.take()
  const made = await authority.sessions.loginAs(owner)
  if (!made.ok) throw new Error(made.code)
  const create = recorder.take()
  await authority.sessions.end({ id: made.session.id })
  return { id: made.session.id, owner, create, end: recorder.take() }
}
