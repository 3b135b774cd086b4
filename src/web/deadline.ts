import { clearTimeout, setTimeout } from 'node:timers'
import type { Awaitable } from './user-provider.ts'
import { WebError } from './web-error.ts'

/** How long a user provider or a password verifier may take, in milliseconds. */
export const PROVIDER_TIMEOUT_MS = 10_000

/** Waits for a part of the application. Throws `timeout` if it does not answer in time; its own errors are thrown unchanged. */
export async function withDeadline<T>(
  what: string,
  call: () => Awaitable<T>,
  timeoutMs: number,
): Promise<T> {
  const answer = call()
  if (!(answer instanceof Promise)) return answer
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
