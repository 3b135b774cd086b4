import { setImmediate } from 'node:timers'

/** Options of `RequestQueue`. */
export interface RequestQueueOptions {
  /** Requests of one connection that run at a time: 4 by default. */
  readonly maxUnderWay?: number
  /** Requests that may wait on each connection: 16 by default. */
  readonly maxWaiting?: number
  /** Requests that may wait beyond that, on all connections together: 10,000 by default. */
  readonly maxWaitingInAll?: number
  /**
   * Requests of one connection that start without waiting within a millisecond: 8 by default. Answers may be ready so soon that the limit of
   * those under way is never reached.
   */
  readonly maxBurst?: number
  /** Requests that start in one turn of the event loop without waiting, on all connections together: any number by default. */
  readonly maxPerTurn?: number
  /** How long one turn may start requests that have waited, so that they delay no other connection: 0.5 ms by default. */
  readonly turnMs?: number
}

const BURST_MS = 1

/**
 * Runs the requests of many connections. A connection has a few requests under way; its further ones wait. Those that wait start in small
 * turns of the event loop, one connection after the other, so that a connection with many requests does not delay the others.
 */
export class RequestQueue {
  readonly maxUnderWay: number
  readonly maxBurst: number
  readonly #maxWaiting: number
  readonly #maxExcess: number
  readonly #maxPerTurn: number
  readonly #turnMs: number
  #excess = 0
  #startedInTurn = 0
  /** Lanes with a request that may start. The next one first. */
  readonly #ready = new Set<RequestLane>()
  #turn: NodeJS.Immediate | null = null

  constructor(options: RequestQueueOptions = {}) {
    const { maxUnderWay = 4, maxWaiting = 16, maxWaitingInAll = 10_000 } = options
    const { maxBurst = 8, maxPerTurn = Number.POSITIVE_INFINITY, turnMs = 0.5 } = options
    this.maxUnderWay = maxUnderWay
    this.maxBurst = maxBurst
    this.#maxWaiting = maxWaiting
    this.#maxExcess = maxWaitingInAll
    this.#maxPerTurn = maxPerTurn
    this.#turnMs = turnMs
  }

  /** Returns the lane of a new connection. */
  open(): RequestLane {
    return new RequestLane(this)
  }

  /** Whether a request may start in this turn of the event loop. Counts it. For lanes. */
  startsNow(): boolean {
    if (this.#maxPerTurn === Number.POSITIVE_INFINITY) return true
    if (this.#startedInTurn >= this.#maxPerTurn) return false
    if (this.#startedInTurn === 0) {
      setImmediate(() => {
        this.#startedInTurn = 0
      })
    }
    this.#startedInTurn++
    return true
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
    const until = performance.now() + this.#turnMs
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
  #underWay = 0
  #waiting: (() => void)[] = []
  #burst: number
  #burstAt = Number.NEGATIVE_INFINITY
  #closed = false

  constructor(queue: RequestQueue) {
    this.#queue = queue
    // The first request begins a burst.
    this.#burst = queue.maxBurst
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
    return this.#waiting.length > 0 && this.#underWay < this.#queue.maxUnderWay
  }

  /** Starts a request, at once or later. Returns false, and drops the request, if too many wait. Each started request must `finish`. */
  enter(start: () => void): boolean {
    if (!this.tryStart()) return this.wait(start)
    start()
    return true
  }

  /** Counts a request that starts at once. Returns false, and counts nothing, if it has to `wait`. */
  tryStart(): boolean {
    const free = this.#underWay < this.#queue.maxUnderWay && this.#waiting.length === 0
    if (this.#closed || !free || !this.#inBurst() || !this.#queue.startsNow()) return false
    this.#underWay++
    return true
  }

  /** Starts a request later. Returns false, and drops the request, if too many wait. */
  wait(start: () => void): boolean {
    if (this.#closed) return true
    if (!this.#queue.reserve(this.#waiting.length)) return false
    this.#waiting.push(start)
    if (this.mayStart) this.#queue.wake(this)
    return true
  }

  // Reads the clock once a burst, not at each request.
  #inBurst(): boolean {
    if (this.#burst >= this.#queue.maxBurst) {
      const now = performance.now()
      if (now - this.#burstAt < BURST_MS) return false
      this.#burstAt = now
      this.#burst = 0
    }
    this.#burst++
    return true
  }

  /**
   * A request that was started is over: its answer is handed to the system, which takes no more than the client reads, or its client has
   * disconnected.
   */
  finish(): void {
    this.#underWay--
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
