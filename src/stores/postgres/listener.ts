import { clearTimeout, setTimeout } from 'node:timers'
import { LatchkeyError } from '../../core/errors.ts'
import type { BusClient } from './connection.ts'

/** Waits between attempts to connect. */
const RETRY_MS = 200

export interface ListenerOptions {
  /** Makes a connection that is not part of a pool. */
  readonly createClient: () => BusClient
  readonly channels: readonly string[]
  /** After this long an attempt to connect is given up. */
  readonly deadlineMs: number
  readonly onPayload: (payload: string) => void
  /** The connection was lost, and so may be notifications. */
  readonly onLost: () => void
  readonly onError: (error: unknown) => void
}

/** The connection that receives notifications. It is opened again when it is lost. */
export interface Listener {
  /** Resolves when it listens. Rejects with `unavailable` if the first attempt fails. */
  start(): Promise<void>
  /** Runs a statement on the connection. Rejects where there is none. */
  query(text: string, values: unknown[]): Promise<Record<string, unknown> | null>
  /** Closes the connection and opens another. */
  restart(): void
  close(): Promise<void>
}

/** Creates the connection that receives notifications. It never holds a transaction open. */
export function createListener(options: ListenerOptions): Listener {
  let client: BusClient | null = null
  let connecting: Promise<void> | null = null
  let retry: NodeJS.Timeout | null = null
  let closed = false

  async function open(): Promise<void> {
    const next = options.createClient()
    const lost = () => {
      if (client !== next) return
      client = null
      options.onLost()
      reconnect()
    }
    next.on('error', lost)
    next.on('end', lost)
    next.on('notification', ({ payload }) => {
      if (client === next && payload !== undefined) options.onPayload(payload)
    })
    try {
      await inTime(options.deadlineMs, async () => {
        await next.connect()
        // One statement, so one transaction, which is committed when it resolves.
        await next.query(options.channels.map((name) => `LISTEN ${name}`).join('; '))
      })
    } catch (error) {
      drop(next)
      throw error
    }
    if (closed) drop(next)
    else client = next
  }

  function reconnect(): void {
    if (closed || connecting !== null) return
    connecting = open()
      .catch((error: unknown) => {
        options.onError(error)
        retry = setTimeout(() => {
          connecting = null
          reconnect()
        }, RETRY_MS)
        retry.unref()
      })
      .finally(() => {
        if (client !== null) connecting = null
      })
  }

  return {
    async start() {
      try {
        await open()
      } catch (cause) {
        throw new LatchkeyError(
          'unavailable',
          'The notifications of the database are not received.',
          {
            cause,
          },
        )
      }
    },
    async query(text, values) {
      if (client === null) throw new Error('The connection for notifications is lost.')
      const current = client
      const { rows } = await inTime(options.deadlineMs, () => current.query(text, values))
      return rows[0] ?? null
    },
    restart() {
      if (client === null) return
      const dead = client
      client = null
      drop(dead)
      options.onLost()
      reconnect()
    },
    async close() {
      closed = true
      if (retry !== null) clearTimeout(retry)
      const last = client
      client = null
      if (last !== null) await inTime(options.deadlineMs, () => last.end()).catch(() => drop(last))
    },
  }
}

/** Closes a connection that may be dead, without a word to the server. */
function drop(client: BusClient): void {
  client.connection.stream.destroy()
  client.end().catch(() => {})
}

async function inTime<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error('The database did not answer in time.')), ms)
  try {
    return await Promise.race([work(), late.promise])
  } finally {
    clearTimeout(timer)
  }
}
