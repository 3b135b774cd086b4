import type { Clock } from '../core/ports/index.ts'
import type { Channel, Member, Signal } from '../stores/kit/channel.ts'
import type { Timers } from '../stores/kit/timers.ts'

/** The fault of one arriving signal: `hold` keeps it until {@link LyingChannel.release}. */
export type Lie = 'lose' | 'repeat' | 'hold' | { readonly delayMs: number }

/** The call of a channel that fails. */
export type ChannelCall = 'send' | 'register' | 'unregister' | 'members'

/** A channel with simulated faults, over any channel. Without instructions it changes nothing. */
export interface LyingChannel extends Channel {
  /** The id of the node that uses it; null until it registers. */
  readonly id: string | null
  /** Every signal that the node passed on, the failed ones included. */
  readonly sent: readonly Signal[]
  /** Decides on each signal that arrives; null delivers it. Replaces the decision before. */
  lie(decide: (signal: Signal) => Lie | null): void
  /** Delivers a signal that no node has sent. */
  deliver(signal: Signal): void
  /** Delivers what is held, in the order of arrival or reversed, and holds nothing more. */
  release(options?: { readonly reversed?: boolean }): void
  /** Makes calls reject for which `decide` returns true; `signal` only for `send`. */
  fail(decide: (call: ChannelCall, signal?: Signal) => boolean): void
  /** Loses every signal of these nodes. Replaces the set before. */
  cutFrom(nodes: readonly LyingChannel[]): void
  /** Stops every fault, and delivers what is held. */
  heal(): void
}

/** Wraps a channel. Delays run on `timers`. */
export function lyingChannel(channel: Channel, { timers }: { timers: Timers }): LyingChannel {
  let id: string | null = null
  let listener: ((signal: Signal) => void) | null = null
  let decideLie: (signal: Signal) => Lie | null = () => null
  let decideFailure: (call: ChannelCall, signal?: Signal) => boolean = () => false
  let cut: readonly LyingChannel[] = []
  let held: Signal[] = []
  const sent: Signal[] = []

  const deliver = (signal: Signal): void => listener?.(structuredClone(signal))

  function arrive(signal: Signal): void {
    if (cut.some((node) => node.id === signal.from)) return
    const lie = decideLie(signal)
    if (lie === 'lose') return
    if (lie === 'hold') held.push(signal)
    else if (lie === null || lie === 'repeat') {
      deliver(signal)
      if (lie === 'repeat') deliver(signal)
    } else timers.after(lie.delayMs, () => deliver(signal))
  }

  async function call<T>(name: ChannelCall, run: () => Promise<T>, signal?: Signal): Promise<T> {
    if (decideFailure(name, signal)) throw new Error(`The channel failed to ${name}.`)
    return run()
  }

  function release({ reversed = false } = {}): void {
    decideLie = () => null
    const signals = reversed ? held.reverse() : held
    held = []
    for (const signal of signals) deliver(signal)
  }

  return {
    get id() {
      return id
    },
    sent,
    send(signal) {
      sent.push(structuredClone(signal))
      return call('send', () => channel.send(signal), signal)
    },
    subscribe(receive) {
      listener = receive
      const stop = channel.subscribe(arrive)
      return () => {
        listener = null
        stop()
      }
    },
    register(member: Member) {
      id = member.id
      return call('register', () => channel.register(member))
    },
    unregister: (node) => call('unregister', () => channel.unregister(node)),
    members: () => call('members', () => channel.members()),
    lie(decide) {
      decideLie = decide
    },
    deliver,
    release,
    fail(decide) {
      decideFailure = decide
    },
    cutFrom(nodes) {
      cut = nodes
    },
    heal() {
      cut = []
      decideFailure = () => false
      release()
    },
  }
}

/** Separates nodes into two groups that receive nothing of each other. Returns what ends that. */
export function partition(
  first: readonly LyingChannel[],
  second: readonly LyingChannel[],
): () => void {
  for (const node of first) node.cutFrom(second)
  for (const node of second) node.cutFrom(first)
  return () => {
    for (const node of [...first, ...second]) node.cutFrom([])
  }
}

/** A clock whose wall time is wrong. Its monotonic time is right. */
export interface LyingClock extends Clock {
  /** Moves the wall time, in either direction. */
  jump(ms: number): void
  /** Stops the wall time. */
  stand(): void
}

/** Wraps a clock. */
export function lyingClock(clock: Clock): LyingClock {
  let offset = 0
  let stopped: number | null = null
  const now = () => stopped ?? clock.now() + offset
  return {
    now,
    monotonic: () => clock.monotonic(),
    jump(ms) {
      offset += ms
    },
    stand() {
      stopped = now()
    },
  }
}
