import { clearTimeout, setTimeout } from 'node:timers'
import type { Awaitable } from './user-provider.ts'
import { WebError } from './web-error.ts'

/** How long a user provider or a password verifier may take, in milliseconds. */
export const PROVIDER_TIMEOUT_MS = 10_000

/**
 * Calls a part of the application. An answer that is a promise is awaited: throws `timeout` if it does not come in time. Its own errors
 * are thrown unchanged.
 */
export function withDeadline<T>(
  what: string,
  call: () => Awaitable<T>,
  timeoutMs: number,
): Awaitable<T> {
  const answer = call()
  return answer instanceof Promise ? inTime(what, answer, timeoutMs) : answer
}

async function inTime<T>(what: string, answer: Promise<T>, timeoutMs: number): Promise<T> {
  const deadline = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    deadline.reject(new WebError('timeout', `${what} did not answer within ${timeoutMs} ms.`))
  }, timeoutMs)
  try {
    return await Promise.race([answer, deadline.promise])
  } finally {
    clearTimeout(timer)
  }
}
