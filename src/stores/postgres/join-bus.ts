import { clearTimeout, setTimeout } from 'node:timers'
import type { ClientConfig } from 'pg'
import type { Clock } from '../../core/ports/index.ts'
import { createLeaseBus, type LeaseBus } from '../kit/lease-bus.ts'
import type { BusNodes } from './bus-nodes.ts'
import { createChannel } from './channel.ts'
import { type EngineClock, engineClock } from './clock.ts'
import { createBusClient } from './connection.ts'
import type { Database } from './database.ts'

export interface JoinBusOptions {
  readonly database: Database
  readonly nodes: BusNodes
  readonly machine: Clock
  /** How the connection for notifications is made. */
  readonly settings: ClientConfig
  readonly deadlineMs: number
  readonly leaseMs: number
  /** How long the cache is trusted without a heartbeat: the lease, or longer. */
  readonly trustMs: number
  readonly onError: (error: unknown) => void
}

/** Joins the nodes of a database. Resolves when this node trusts its cache, or its lease has passed. */
export async function joinBus(options: JoinBusOptions): Promise<{
  readonly bus: LeaseBus
  readonly clock: EngineClock
  leave(): Promise<void>
}> {
  const { database, nodes, machine, leaseMs, onError } = options
  const clock = engineClock(machine)
  const channel = createChannel({
    ...{ database, nodes, onError },
    createClient: () => createBusClient(options.settings),
    monotonic: machine.monotonic,
    deadlineMs: options.deadlineMs,
    silenceMs: leaseMs,
    onBeat: ({ time }, tookMs) => clock.observe(time, tookMs),
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
  return {
    bus,
    clock,
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
