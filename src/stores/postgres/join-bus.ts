import { clearTimeout, setTimeout } from 'node:timers'
import type { Bus, Clock } from '../../core/ports/index.ts'
import { unconfirmed } from '../kit/bus-errors.ts'
import { createLeaseBus } from '../kit/lease-bus.ts'
import type { BusNodes } from './bus-nodes.ts'
import { createChannel, type PostgresChannel } from './channel.ts'
import { type EngineClock, engineClock } from './clock.ts'
import { type ClientSettings, createBusClient } from './connection.ts'
import type { Database } from './database.ts'
import type { RecentEndings } from './recent-endings.ts'

export interface JoinBusOptions {
  readonly database: Database
  readonly nodes: BusNodes
  readonly machine: Clock
  /** How the connection for notifications is made. */
  readonly settings: ClientSettings
  readonly deadlineMs: number
  readonly leaseMs: number
  /** How long the cache is trusted without a heartbeat: the lease, or longer. */
  readonly trustMs: number
  /** Remembers endings, to write them again after a failover. */
  readonly endings: RecentEndings
  readonly onError: (error: unknown) => void
}

/** Joins the nodes of a database. Resolves when this node trusts its cache, or its lease has passed. */
export async function joinBus(options: JoinBusOptions): Promise<{
  readonly bus: Bus
  readonly clock: EngineClock
  readonly channel: PostgresChannel
  leave(): Promise<void>
}> {
  const { database, nodes, machine, leaseMs, endings, onError } = options
  const clock = engineClock(machine)
  // A read that began before a failover was noticed may have reached the server before. It ends by this time.
  let doubtUntil = Number.NEGATIVE_INFINITY
  const refuseDoubt = () => {
    if (machine.monotonic() < doubtUntil) throw unconfirmed()
  }
  const channel = createChannel({
    ...{ database, nodes, onError },
    createClient: () => createBusClient(options.settings),
    monotonic: machine.monotonic,
    deadlineMs: options.deadlineMs,
    silenceMs: leaseMs,
    onBeat: ({ time }, tookMs) => clock.observe(time, tookMs),
    async onFailover() {
      doubtUntil = machine.monotonic() + options.deadlineMs
      await endings.reapply(clock.now())
      onError(
        new Error(
          'The database has failed over. The endings of the last five minutes are written again.',
        ),
      )
    },
  })
  const bus = createLeaseBus({
    ...{ channel, onError },
    // Wall time, so that a machine that was suspended is noticed.
    clock: machine,
    leaseMs: options.trustMs,
    beatEveryMs: leaseMs / 4,
  })
  try {
    await bus.start()
  } catch (error) {
    await channel.close()
    throw error
  }
  await withinLease(channel.returned, leaseMs)
  bus.subscribe((message) => endings.record(message))
  return {
    bus: {
      publish(message, confirmed) {
        endings.record(message)
        return bus.publish(message, confirmed)
      },
      subscribe: (listener) => bus.subscribe(listener),
      isTrusted: () => bus.isTrusted(),
      async confirmRead() {
        refuseDoubt()
        await bus.confirmRead()
        refuseDoubt()
      },
    },
    clock,
    channel,
    async leave() {
      await bus.close()
      await channel.close()
    },
  }
}

async function withinLease(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([promise, over])
  clearTimeout(timer)
}
