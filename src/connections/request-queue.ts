import { setImmediate } from 'node:timers'

/** Options of `RequestQueue`. */
export interface RequestQueueOptions {
  /** Requests of one connection that run at a time: 4 by default. */
  readonly maxUnderWay?: number
  /** Requests that may wait on each connection: 16 by default. */
  readonly maxWaiting?: number
  /** Requests that may wait beyond that, on all connections together: 10,000 by default. */
  readonly maxWaitingInAll?: number
}

/** How long one turn of the event loop may start requests that have waited, so that they delay no other connection. */
const TURN_MS = 0.5

/**
 * Runs the requests of many connections. A connection has a few requests under way; its further ones wait. Those that wait start in small
 * turns of the event loop, one connection after the other, so that a connection with many requests does not delay the others.
 */
export class RequestQueue {
  readonly maxUnderWay: number
  readonly #maxWaiting: number
  readonly #maxExcess: number
  #excess = 0
  /** Lanes with a request that may start. The next one first. */
  readonly #ready = new Set<RequestLane>()
  #turn: NodeJS.Immediate | null = null

  constructor({
    maxUnderWay = 4,
    maxWaiting = 16,
    maxWaitingInAll = 10_000,
  }: RequestQueueOptions = {}) {
    this.maxUnderWay = maxUnderWay
    this.#maxWaiting = maxWaiting
    this.#maxExcess = maxWaitingInAll
  }

  /** Returns the lane of a new connection. `stalled` returns whether answers on the connection wait to be read. */
  open(stalled: () => boolean): RequestLane {
    return new RequestLane(this, stalled)
  }

  /** Counts a request that waits; false if there are too many. For lanes. */
  reserve(before: number): boolean {
    if (before < this.#maxWaiting) return true
    if (this.#excess >= this.#maxExcess) return false
    this.#excess++
    return true
  }

  /** Uncounts requests of a lane that wait no longer. For lanes. */
  release(before: number, after: number): void {
    const excess = (waiting: number) => Math.max(0, waiting - this.#maxWaiting)
    this.#excess -= excess(before) - excess(after)
  }

  /** Starts the requests of a lane in the next turns. For lanes. */
  wake(lane: RequestLane): void {
    this.#ready.add(lane)
    this.#turn ??= setImmediate(() => this.#run())
  }

  /** Removes a lane that is closed. For lanes. */
  forget(lane: RequestLane): void {
    this.#ready.delete(lane)
  }

  #run(): void {
    this.#turn = null
    const until = performance.now() + TURN_MS
    for (const lane of this.#ready) {
      this.#ready.delete(lane)
      lane.startNext()
      // The lane goes to the end of the line.
      if (lane.mayStart) this.#ready.add(lane)
      if (performance.now() >= until) break
    }
    if (this.#ready.size > 0) this.#turn = setImmediate(() => this.#run())
  }
}

/** The requests of one connection, in order. */
export class RequestLane {
  readonly #queue: RequestQueue
  readonly #stalled: () => boolean
  #underWay = 0
  #waiting: (() => void)[] = []
  #closed = false

  constructor(queue: RequestQueue, stalled: () => boolean) {
    this.#queue = queue
    this.#stalled = stalled
  }

  /** Whether no request is under way and none waits. */
  get idle(): boolean {
    return this.#underWay === 0 && this.#waiting.length === 0
  }

  /** The number of requests that wait. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Whether a request waits that may start now. */
  get mayStart(): boolean {
    return this.#waiting.length > 0 && this.#underWay < this.#queue.maxUnderWay && !this.#stalled()
  }

  /** Starts a request, at once or later. Returns false, and drops the request, if too many wait. Each started request must `finish`. */
  enter(start: () => void): boolean {
    if (this.#closed) return true
    const free = this.#underWay < this.#queue.maxUnderWay && this.#waiting.length === 0
    if (free && !this.#stalled()) {
      this.#underWay++
      start()
      return true
    }
    if (!this.#queue.reserve(this.#waiting.length)) return false
    this.#waiting.push(start)
    return true
  }

  /** A request that was started is answered, or its client has disconnected. */
  finish(): void {
    this.#underWay--
    this.resume()
  }

  /** The client has read answers, so that requests may start again. */
  resume(): void {
    if (this.mayStart) this.#queue.wake(this)
  }

  /** Starts the next request that waits, if it may start. */
  startNext(): void {
    if (!this.mayStart) return
    const before = this.#waiting.length
    const start = this.#waiting.shift()
    this.#queue.release(before, before - 1)
    this.#underWay++
    start?.()
  }

  /** Drops the requests that wait, because the connection is closed. */
  close(): void {
    this.#closed = true
    this.#queue.release(this.#waiting.length, 0)
    this.#waiting = []
    this.#queue.forget(this)
  }
}
