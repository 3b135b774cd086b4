import { setImmediate } from 'node:timers'
import { Worker } from 'node:worker_threads'
import { LatchkeyError } from '../../core/errors.ts'
import type { WriterOptions } from './connection.ts'
import type { Answer } from './group.ts'
import type { Writes } from './writes/index.ts'

/** The maximum number of writes in one group, and below the maximum size of their message. */
const MAX_GROUP = 256
const MAX_GROUP_CHARACTERS = 1_000_000

/**
 * The maximum number of groups in progress: one is written while the answers of the other are
 * processed.
 */
const MAX_FLYING = 2

/** The number of waiting writes from which two groups are faster than one. */
const WORTH_SPLITTING = 32

/** Sends writes in groups to the one connection that writes. */
export interface Writer {
  /**
   * Queues a write and resolves when it is on the disk. Rejects with `busy` if the queue is full,
   * `unavailable` if it could not be written or the store is closed.
   */
  write<Name extends keyof Writes>(
    name: Name,
    ...arguments_: Parameters<Writes[Name]>
  ): Promise<ReturnType<Writes[Name]>>
  /** The number of writes that wait for the disk. */
  queued(): number
  /** Completes queued writes, then closes the connection. Idempotent. */
  close(): Promise<void>
  /** The writing thread, for tests that end it. */
  readonly thread: () => Worker | null
}

interface Queued {
  /** JSON, serialised at once: later changes to the caller's objects are not written. */
  readonly message: string
  readonly resolve: (result: unknown) => void
  readonly reject: (error: LatchkeyError) => void
}

class GroupWriter implements Writer {
  readonly #options: WriterOptions
  readonly #maxQueued: number
  #thread: Worker | null = null
  #starting: Promise<void> | null = null
  #queue: Queued[] = []
  /** Sent and not answered yet, in order. */
  #flying: Queued[][] = []
  #scheduled = false
  #closing: Promise<void> | null = null
  #drained: (() => void) | null = null

  constructor(options: WriterOptions, maxQueued: number) {
    this.#options = options
    this.#maxQueued = maxQueued
  }

  thread = () => this.#thread

  /** Starts the thread, unless it is already starting, and waits until its connection is open. */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = null
    })
    return this.#starting
  }

  async #start(): Promise<void> {
    const thread = await startThread(this.#options)
    this.#thread = thread
    thread.on('message', (message: string) => this.#settle(message))
    thread.once('exit', () => this.#lose(thread))
    // An uncaught error is followed by `exit`, which is handled.
    thread.on('error', () => {})
    thread.unref()
  }

  write<Name extends keyof Writes>(
    name: Name,
    ...arguments_: Parameters<Writes[Name]>
  ): Promise<ReturnType<Writes[Name]>> {
    return new Promise((resolve, reject) => {
      if (this.#closing !== null) throw closedError()
      if (this.#queue.length >= this.#maxQueued) {
        throw new LatchkeyError(
          'busy',
          'Too many writes are waiting for the disk. Try again later.',
          { source: 'write_queue' },
        )
      }
      const message = JSON.stringify([name, ...arguments_])
      this.#queue.push({ message, resolve: resolve as (result: unknown) => void, reject })
      this.#schedule()
    })
  }

  queued(): number {
    return this.#queue.length + this.#flying.length
  }

  close(): Promise<void> {
    this.#closing ??= this.#finish()
    return this.#closing
  }

  async #finish(): Promise<void> {
    if (this.#queue.length > 0 || this.#flying.length > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve
      })
    }
    const thread = this.#thread
    if (thread === null) return
    thread.ref()
    const exited = new Promise((resolve) => thread.once('exit', resolve))
    thread.postMessage('close')
    await exited
  }

  /**
   * Waits for the rest of this turn of the event loop, so that concurrent writes are sent together.
   */
  #schedule(): void {
    if (this.#scheduled || this.#flying.length >= MAX_FLYING) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#send()
    })
  }

  #send(): void {
    const thread = this.#thread
    if (this.#queue.length === 0) {
      if (this.#flying.length === 0) this.#drained?.()
    } else if (thread === null) {
      this.start().then(
        () => this.#send(),
        (error) => this.#fail(this.#queue.splice(0), error),
      )
    } else {
      thread.ref()
      while (this.#worthSending()) this.#sendGroup(thread)
    }
  }

  /**
   * Another group is prepared while one is written, unless it is so small that its own wait costs
   * more.
   */
  #worthSending(): boolean {
    const [first, second] = this.#flying
    if (this.#queue.length === 0 || second !== undefined) return false
    return first === undefined || this.#queue.length * 2 >= first.length
  }

  #sendGroup(thread: Worker): void {
    const waiting = this.#queue.length
    const most =
      this.#flying.length > 0 || waiting < WORTH_SPLITTING ? waiting : Math.ceil(waiting / 2)
    let characters = 0
    let size = 0
    for (const { message } of this.#queue) {
      characters += message.length
      if (size > 0 && (size >= Math.min(most, MAX_GROUP) || characters > MAX_GROUP_CHARACTERS))
        break
      size++
    }
    const group = this.#queue.splice(0, size)
    this.#flying.push(group)
    thread.postMessage(`[${group.map(({ message }) => message).join()}]`)
  }

  #settle(message: string): void {
    if (message === 'closed') return
    const answers: Answer[] = JSON.parse(message)
    const group = this.#flying.shift() ?? []
    if (this.#flying.length === 0) this.#thread?.unref()
    for (const [index, { resolve, reject }] of group.entries()) {
      const answer = answers[index]
      if (answer?.[0] === 1) resolve(answer[1])
      else reject(answer === undefined ? lostError() : toError(answer))
    }
    this.#schedule()
  }

  /**
   * Handles the end of the thread: all waiting writes are refused, and the next write starts
   * another thread.
   */
  #lose(thread: Worker): void {
    if (this.#thread !== thread) return
    this.#thread = null
    this.#fail([...this.#flying.splice(0).flat(), ...this.#queue.splice(0)], lostError())
  }

  #fail(group: readonly Queued[], error: LatchkeyError): void {
    for (const { reject } of group) reject(error)
    this.#drained?.()
  }
}

/** Opens the data for writing, in a separate thread. Rejects with `unavailable`. */
export async function openGroupWriter(options: WriterOptions, maxQueued: number): Promise<Writer> {
  const writer = new GroupWriter(options, maxQueued)
  await writer.start()
  return writer
}

function startThread(options: WriterOptions): Promise<Worker> {
  // The compiler rewrites imports but not this name: from source the thread is TypeScript, in the
  // build JavaScript.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const thread = new Worker(new URL(`./worker.${extension}`, import.meta.url), {
    workerData: options,
    // Flags of the process (of a test runner or a debugger) are not passed to the thread.
    execArgv: [],
  })
  return new Promise((resolve, reject) => {
    const refuse = (message: string, cause: unknown) =>
      reject(new LatchkeyError('unavailable', message, { cause }))
    thread.once('error', (error) => refuse('The data could not be opened.', error))
    thread.once('exit', () => refuse('The data could not be opened.', 'the thread ended'))
    thread.once('message', (message: 'ready' | { refused: string; cause: string }) => {
      if (message === 'ready') resolve(thread)
      else refuse(message.refused, message.cause)
    })
  })
}

function toError(answer: Answer & { readonly 0: 0 }): LatchkeyError {
  const [, code, message, cause, errcode] = answer
  const error = Object.assign(new Error(cause), { errcode })
  return new LatchkeyError(code, message, { source: 'store', cause: error })
}

function lostError(): LatchkeyError {
  return new LatchkeyError('unavailable', 'The writing thread has ended. Try again.', {
    source: 'store',
  })
}

function closedError(): LatchkeyError {
  return new LatchkeyError('unavailable', 'The store is closed. Open it again.')
}
