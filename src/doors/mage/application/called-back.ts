/**
 * Answers in the style that was asked in: with a promise, or through a callback. What the callback throws goes to `crash`. A promise that
 * nobody looks at harms nobody; where there is a callback it does not reject, for a command may hand it on.
 */
export function calledBack<T, Callback extends (error: unknown) => void>(
  work: Promise<T>,
  callback: Callback | undefined,
  call: (callback: Callback, value: T) => void,
  crash: (error: unknown) => void,
): Promise<T> {
  work.catch(() => undefined)
  if (typeof callback !== 'function') return work
  work
    .then(
      (value) => call(callback, value),
      (error: unknown) => callback(error),
    )
    .catch(crash)
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

/** Waits until what is called calls back. Rejects with the error that it calls back with, throws, or answers with as a promise. */
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
