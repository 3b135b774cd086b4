import type { Store } from '../core/ports/index.ts'

/** The subject that the author of a store provides for one case: an empty store. */
export interface StoreSubject {
  /** The store, empty. */
  readonly store: Store
  /**
   * Closes or crashes the store and opens the same data again. Absent if the data does not survive
   * the process.
   */
  reopen?(): Promise<Store>
  /** Returns a further node on the same data. Absent if only one process can open it. */
  secondNode?(): Promise<Store>
}

/** One case of the contract in `core/ports/`. Passes time in, never waits for it. */
export interface StoreCase {
  /** The name of the case, unique among the cases of stores. */
  readonly name: string
  /**
   * What the case requires: a method of the subject, or that actors and sessions are written in one
   * transaction. A runner skips the case by name if that is absent.
   */
  readonly needs?: 'reopen' | 'secondNode' | 'oneEngine'
  /** Runs the case. Rejects with an assertion error if the store does not fulfil it. */
  run(subject: StoreSubject): Promise<void>
}
