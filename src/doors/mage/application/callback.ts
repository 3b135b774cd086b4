import { callbackErrorOf } from './errors.ts'
import { type StateHandle, transactionOf } from './state-transaction.ts'

/**
 * Returns the result of `work` as a promise, and passes it to the callback where there is one; the callback receives errors as
 * `callbackErrorOf` returns them, the promise rejects with the error itself. An error that the callback throws fails the
 * command of the state. The promise of a call with a callback does not reject, and no rejection is left unhandled.
 */
export function callBack<T, Callback extends (error: unknown) => void>(
  state: StateHandle,
  work: Promise<T>,
  callback: Callback | undefined,
  call: (callback: Callback, value: T) => void,
): Promise<T> {
  work.catch(() => undefined)
  if (typeof callback !== 'function') return work
  work
    .then(
      (value) => call(callback, value),
      (error: unknown) => callback(callbackErrorOf(error)),
    )
    .catch((error: unknown) => transactionOf(state).crash(error))
  // A command may return this promise besides passing a callback.
  return work.catch(() => undefined as T)
}

/** Calls back with a value and no error. */
export function withValue<T>(
  callback: (error: unknown, value?: T) => void,
  value: T | undefined,
): void {
  callback(null, value)
}

/** Calls back without an error. */
export function withNothing(callback: (error: unknown) => void): void {
  callback(null)
}

/** Waits until `call` calls back. Rejects with the error that it calls back with, throws, or rejects with. */
export function untilCalledBack(
  call: (callback: (error?: unknown) => void) => unknown,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const returned = call((error) => {
      if (error === undefined || error === null) resolve()
      else reject(error)
    })
    if (returned instanceof Promise) returned.catch(reject)
  })
}
