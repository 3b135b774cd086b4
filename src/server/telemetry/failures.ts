import { Counter, type Registry } from 'prom-client'
import type { AnsweredRequest } from '../../commands/index.ts'
import type { Logger } from '../log.ts'
import { failureCause } from './failure-cause.ts'
import { LimitedLog } from './limited-log.ts'

/** What failed for clients. */
export interface Failures {
  /** Counts and logs a request that failed because of the server. */
  answered(request: AnsweredRequest): void
  /** Logs an error that no client received, at most once in a few seconds for each kind. */
  report(error: unknown, what: string, message: string): void
  /** When the store last failed, on the clock of `performance.now()`. */
  readonly storeFailedAt: number
}

/** Causes that come from the store. */
const OF_THE_STORE: ReadonlySet<string> = new Set([
  'store',
  'store_deadline',
  'disk_full',
  'io',
  'locked',
  'connection',
])

/** Counts the failures that clients received, by door and cause, and logs them with the engine's error, limited in rate. */
export function createFailures(registry: Registry, logger: Logger): Failures {
  const counter = new Counter({
    name: 'latchkey_failures_total',
    help: 'Requests that failed because of the server, by door, error code and cause.',
    labelNames: ['door', 'code', 'cause'],
    registers: [registry],
  })
  const limited = new LimitedLog()
  let storeFailedAt = Number.NEGATIVE_INFINITY
  return {
    answered({ refusal, door, route, id: requestId }) {
      const cause = refusal === null ? null : failureCause(refusal)
      if (refusal === null || cause === null) return
      const { code, message } = refusal
      counter.inc({ door, code, cause })
      if (OF_THE_STORE.has(cause)) storeFailedAt = performance.now()
      // An unexpected error is logged with its stack where it occurs.
      if (code === 'internal' || cause === 'shutdown') return
      limited.write(`${door} ${code} ${cause}`, (suppressed) => {
        const facts = { door, route, code, cause, message, requestId }
        const more = suppressed === 0 ? {} : { suppressed }
        logger.error({ ...facts, ...more, err: refusal.cause }, 'A request failed.')
      })
    },
    report(err, what, message) {
      const { name, code } = (err ?? {}) as { name?: unknown; code?: unknown }
      limited.write(`${message} ${name} ${code}`, (suppressed) => {
        logger.error({ err, what, ...(suppressed === 0 ? {} : { suppressed }) }, message)
      })
    },
    get storeFailedAt() {
      return storeFailedAt
    },
  }
}
