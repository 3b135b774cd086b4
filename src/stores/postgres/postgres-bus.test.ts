import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import {
  postgresMissing,
  startPostgres,
  type TestPostgres,
} from '../../../test/support/postgres.ts'
import { leaseBusCases } from '../../testing/index.ts'
import type { Channel, Signal } from '../kit/channel.ts'
import { createBusNodes } from './bus-nodes.ts'
import { createChannel } from './channel.ts'
import { createBusClient } from './connection.ts'
import { openDatabase } from './database.ts'
import { migrate } from './migrations.ts'

const skip = postgresMissing()
const SCHEMA = 'bus'
let server: TestPostgres
let pool: pg.Pool

before(async () => {
  if (skip !== false) return
  server = await startPostgres()
  pool = new pg.Pool({ connectionString: server.url, max: 30 })
  const client = await pool.connect()
  await migrate(client, SCHEMA)
  client.release()
})
after(async () => {
  await pool?.end()
  await server?.stop()
})

const monotonic = () => performance.now()

/** The channels of one case, and what each of them has not delivered yet. */
function engineOf(schema: string) {
  const database = openDatabase({
    ...{ pool, schema, deadlineMs: 5000, maxWaiting: 10_000, ownsPool: false, monotonic },
  })
  const nodes = createBusNodes(database, { name: 'test', release: '' })
  const listening = new Map<Channel, { id: string; awaited: Set<string>; arrived: Set<string> }>()
  let underWay = 0
  async function counted<T>(call: () => Promise<T>): Promise<T> {
    underWay++
    try {
      return await call()
    } finally {
      underWay--
    }
  }

  function join(): Channel {
    const channel = createChannel({
      ...{ database, nodes, monotonic, deadlineMs: 5000, silenceMs: 60_000 },
      createClient: () => createBusClient({ connectionString: server.url }),
      onError: () => {},
    })
    return {
      async send(signal) {
        const key = JSON.stringify(signal)
        await counted(() => channel.send(signal))
        for (const { id, awaited, arrived } of listening.values()) {
          // Of two equal confirmations in one transaction the server delivers one.
          if (signal.kind === 'confirmation' && signal.to !== id) continue
          if (!arrived.has(key)) awaited.add(key)
        }
      },
      subscribe(listener) {
        const stop = channel.subscribe((signal: Signal) => {
          const key = JSON.stringify(signal)
          listening.get(channel)?.awaited.delete(key)
          listening.get(channel)?.arrived.add(key)
          listener(signal)
        })
        return () => {
          listening.delete(channel)
          stop()
        }
      },
      async register(member) {
        await channel.register(member)
        listening.set(channel, { id: member.id, awaited: new Set(), arrived: new Set() })
      },
      unregister: (id) => channel.unregister(id),
      members: () => counted(() => channel.members()),
    }
  }

  const isQuiet = () =>
    underWay === 0 && [...listening.values()].every(({ awaited }) => awaited.size === 0)

  async function settle(): Promise<void> {
    const deadline = monotonic() + 5000
    for (let quiet = 0; quiet < 3; ) {
      await pause(0)
      quiet = isQuiet() ? quiet + 1 : 0
      if (monotonic() > deadline) throw new Error('The signals are not delivered.')
    }
  }
  return { join, settle }
}

for (const { name, run } of leaseBusCases) {
  test(name, { skip }, async () => {
    const { join, settle } = engineOf(SCHEMA)
    await run({ join, settle })
  })
}
