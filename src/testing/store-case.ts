import type { Store } from '../core/ports/index.ts'

/** What a store's author provides for one case: a store with nothing in it. */
export interface StoreSubject {
  readonly store: Store
  /** Closes or crashes the store and opens the same data again. Absent where nothing outlives the process. */
  reopen?(): Promise<Store>
  /** A further node on the same data. Absent where one process owns it. */
  secondNode?(): Promise<Store>
}

/** One promise of `ports.ts`, held against a store. Passes time in, never waits for it. */
export interface StoreCase {
  readonly name: string
  /** What of the subject it cannot do without; a runner skips it by name where that is absent. */
  readonly needs?: 'reopen' | 'secondNode'
  run(subject: StoreSubject): Promise<void>
}
