import type { CallOptions } from '../../../core/index.ts'
import { codeOfThrown, isClientMistake } from './errors.ts'
import type { Services } from './services.ts'
import { StateEvents } from './state-events.ts'

/** The result of a closed state. The texts are JSON, ready to be sent. */
export interface StateOutcome {
  /** The code for the client; null if the command succeeded. */
  readonly error: string | null
  readonly response: string | null
  /** Events for the caller. */
  readonly events: readonly string[]
}

/** The key of a state's transaction. The runtime uses it, applications do not. */
export const TRANSACTION = Symbol('transaction')

/** A state, as far as sessions and the modules of MAGE use it. */
export interface StateHandle {
  /** The actor on whose behalf the command runs. */
  readonly actorId: string | undefined
  readonly description: string | undefined
  readonly [TRANSACTION]: StateTransaction
  /** Buffers an event. */
  emit(to: unknown, name: string, data?: unknown): void
}

/** Returns the transaction of a state. */
export function transactionOf(state: StateHandle): StateTransaction {
  return state[TRANSACTION]
}

type Step = () => Promise<void>

/** The buffered events and writes of one state. Its end writes and sends them, or undoes what was done, once. */
export class StateTransaction {
  readonly services: Services
  readonly caller: CallOptions
  readonly events = new StateEvents()
  readonly #state: Pick<StateHandle, 'actorId' | 'description'>
  readonly #writes: Step[] = []
  readonly #undos: Step[] = []
  #error: string | null = null
  #response: string | null = null
  #open = true
  #onCrash: (() => void) | null = null

  constructor(
    state: Pick<StateHandle, 'actorId' | 'description'>,
    services: Services,
    caller: CallOptions,
  ) {
    this.#state = state
    this.services = services
    this.caller = caller
  }

  get isOpen(): boolean {
    return this.#open
  }

  get hasFailed(): boolean {
    return this.#error !== null
  }

  respond(json: string | null): void {
    if (this.#open) this.#response = json
  }

  /** Makes the command fail with a code, and writes `log` to the application's log: as `debug` if it is a mistake of the client. */
  fail(code: string, log?: unknown): void {
    if (this.#open) this.#error = code
    if (log === undefined || log === null || log === '') return
    const { actorId, description } = this.#state
    const level = isClientMistake(log) ? 'debug' : 'error'
    this.services.log[level].data({ actorId, description }).log(log)
  }

  /** Adds a write that is done when the command succeeds. */
  onSuccess(write: Step): void {
    this.#writes.push(write)
  }

  /** Adds a step that undoes what the command has done, for the case that it fails. */
  onFailure(undo: Step): void {
    this.#undos.push(undo)
  }

  /** Sets what is called when a callback of the application throws, which ends the command. */
  onCrash(listener: () => void): void {
    this.#onCrash = listener
  }

  /** Makes the command fail with what a callback of the application has thrown. */
  crash(error: unknown): void {
    this.fail(codeOfThrown(error), error)
    this.#onCrash?.()
  }

  /** Does the writes that were added so far. Rejects with the error of the first that fails. */
  async write(): Promise<void> {
    for (const write of this.#writes.splice(0)) await write()
  }

  /** Closes the transaction, at once where there is nothing to write or undo. Called again, it returns the same error and nothing else. */
  finish(): StateOutcome | Promise<StateOutcome> {
    if (!this.#open) return { error: this.#error, response: null, events: [] }
    const steps = this.#error === null ? this.#writes : this.#undos
    return steps.length === 0 ? this.#close() : this.#finishSteps()
  }

  async #finishSteps(): Promise<StateOutcome> {
    if (this.#error === null) {
      await this.write().catch((error: unknown) => this.fail(codeOfThrown(error), error))
    }
    if (this.#error !== null) {
      // The command can add nothing more while it is undone.
      this.#open = false
      await this.#undo()
    }
    return this.#close()
  }

  #close(): StateOutcome {
    const events = this.#callerEvents()
    this.#open = false
    const failed = this.#error !== null
    this.events.send(this.services, { failed })
    return { error: this.#error, response: failed ? null : this.#response, events }
  }

  // The data of `session.set` is read only now, and need not be JSON.
  #callerEvents(): readonly string[] {
    try {
      return this.events.mine({ failed: this.#error !== null })
    } catch (error) {
      this.fail(codeOfThrown(error), error)
      return []
    }
  }

  async #undo(): Promise<void> {
    for (const undo of this.#undos.splice(0).reverse()) {
      await undo().catch((error: unknown) =>
        this.services.onError(error, this.#state.description ?? 'no description'),
      )
    }
  }
}
