import assert from 'node:assert/strict'
import type { BusMessage } from '../core/ports/index.ts'
import type { Channel, Signal } from '../stores/kit/channel.ts'
import { createLeaseBus, type LeaseBus } from '../stores/kit/lease-bus.ts'
import { fakeClock } from './fake-clock.ts'
import { type FakeTimers, fakeTimers } from './fake-timers.ts'
import { type LyingChannel, type LyingClock, lyingChannel, lyingClock } from './lying-channel.ts'

/** The engine that the author of a channel provides for one case, without nodes. */
export interface LeaseBusSubject {
  /** Returns the channel of a further node. */
  join(): Channel
  /** Waits until all sent signals are delivered; ten turns of the event loop by default. */
  settle?(): Promise<void>
}

/** One case of the lease bus over a channel. Time is fake; the signals are real. */
export interface LeaseBusCase {
  /** The behaviour, for the title of a test. */
  readonly name: string
  /** Rejects if the bus does not have that behaviour. */
  run(subject: LeaseBusSubject): Promise<void>
}

/** The lease of the nodes in these cases. A tick is a quarter of it. */
export const LEASE = 1000

export const CONFIRMED = { confirmed: true }

export const changed: BusMessage = { kind: 'session-changed', id: 'x' }

/** One node of a case. */
export interface TestNode {
  readonly bus: LeaseBus
  readonly channel: LyingChannel
  readonly clock: LyingClock
  /** What its bus notified since the cluster was ready. */
  readonly received: BusMessage[]
  readonly errors: unknown[]
}

/** The nodes of a case and their time. */
export interface TestCluster {
  readonly nodes: readonly TestNode[]
  readonly timers: FakeTimers
  /** Creates a node that has not joined yet. */
  create(leaseMs?: number): TestNode
}

/** Runs a case with `size` nodes that have received each other, and closes them. */
export function withNodes(
  size: number,
  run: (cluster: TestCluster, ...nodes: [TestNode, TestNode, TestNode]) => Promise<void>,
): LeaseBusCase['run'] {
  return async (subject) => {
    const clock = fakeClock()
    const timers = fakeTimers(clock, subject.settle)
    const all: TestNode[] = []
    const create = (leaseMs = LEASE): TestNode => {
      const channel = lyingChannel(subject.join(), { timers })
      const own = lyingClock(clock)
      const errors: unknown[] = []
      const onError = (error: unknown) => errors.push(error)
      const bus = createLeaseBus({ channel, clock: own, timers, leaseMs, onError })
      const received: BusMessage[] = []
      bus.subscribe((message) => received.push(message))
      const node = { bus, channel, clock: own, received, errors }
      all.push(node)
      return node
    }
    const nodes = Array.from({ length: size }, () => create())
    for (const { bus } of nodes) await bus.start()
    await timers.advance(LEASE / 4)
    for (const node of nodes) {
      assert.equal(node.bus.isTrusted(), true)
      node.received.length = 0
    }
    try {
      await run({ nodes, timers, create }, ...(nodes as [TestNode, TestNode, TestNode]))
    } finally {
      for (const { channel, bus } of all) {
        channel.heal()
        await bus.close()
      }
    }
  }
}

/** Returns how a promise stands, without waiting for it. */
export function watch(promise: Promise<unknown>): { state: 'pending' | 'resolved' | unknown } {
  const watched: { state: unknown } = { state: 'pending' }
  promise.then(
    () => {
      watched.state = 'resolved'
    },
    (error: { code?: unknown }) => {
      watched.state = error.code
    },
  )
  return watched
}

/** Returns a decision for signals of one node or kind; the others are delivered. */
export function only<L>(
  lie: L,
  { from, kind }: { readonly from?: TestNode; readonly kind?: Signal['kind'] },
): (signal: Signal) => L | null {
  return (signal) => {
    if (from !== undefined && signal.from !== from.channel.id) return null
    return kind === undefined || signal.kind === kind ? lie : null
  }
}

/** Returns the kinds of what a node received. */
export function kindsOf({ received }: TestNode): string[] {
  return received.map(({ kind }) => kind)
}
