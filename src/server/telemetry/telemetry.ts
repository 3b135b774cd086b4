import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { OnAnswered } from '../../commands/index.ts'
import type { AuditEntry, AuthorityObserver, Guard } from '../../core/index.ts'
import type { Logger } from '../log.ts'
import { version } from '../version.ts'
import { createAccessLog } from './access-log.ts'
import { createFailures, type Failures } from './failures.ts'
import type { OnStoreCall } from './measured-store.ts'
import { createRequestMetrics } from './request-metrics.ts'

/** Options of `createTelemetry`. */
export interface TelemetryOptions {
  readonly logger: Logger
  /** Whether a line is logged for each request. */
  readonly accessLog: boolean
}

/** What an operator sees of a server: counters, durations, and the log of requests and failures. */
export interface Telemetry {
  /** The metrics, without those that are read from the authority. */
  readonly registry: Registry
  readonly failures: Failures
  readonly observer: AuthorityObserver
  readonly onAnswered: OnAnswered
  readonly onStoreCall: OnStoreCall
  /** Returns guards that count what they refuse. */
  countGuards(guards: readonly Guard[]): readonly Guard[]
  /** Counts an unhandled error. */
  countFault(): void
}

const HASHING_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
const STORE_BUCKETS = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 3]

/** Makes the telemetry of one server, with its own registry. */
export function createTelemetry({ logger, accessLog }: TelemetryOptions): Telemetry {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const build = new Gauge({
    name: 'latchkey_build_info',
    help: 'The version of the server and of Node.',
    labelNames: ['version', 'node'],
    registers,
  })
  build.set({ version, node: process.version }, 1)
  const faults = new Counter({
    name: 'latchkey_faults_total',
    help: 'Unhandled errors.',
    registers,
  })
  const guarded = new Counter({
    name: 'latchkey_guard_refusals_total',
    help: 'Logins that a guard has refused.',
    labelNames: ['when'],
    registers,
  })
  const storeCalls = new Histogram({
    name: 'latchkey_store_duration_seconds',
    help: 'Time that the store took for a call, failed calls included.',
    labelNames: ['verb'],
    buckets: STORE_BUCKETS,
    registers,
  })
  const storeFailures = new Counter({
    name: 'latchkey_store_failures_total',
    help: 'Calls of the store that failed.',
    labelNames: ['verb'],
    registers,
  })
  const throttled = new Counter({
    name: 'latchkey_throttled_total',
    help: 'Requests that were refused because of too many attempts.',
    labelNames: ['door', 'route'],
    registers,
  })
  const failures = createFailures(registry, logger)
  const countRequest = createRequestMetrics(registry)
  const logRequest = accessLog ? createAccessLog(logger) : null
  return {
    registry,
    failures,
    observer: observe(registry),
    onAnswered(request) {
      countRequest(request)
      if (request.refusal !== null) {
        const { door, route, refusal } = request
        if (refusal.code === 'throttled') throttled.inc({ door, route })
        failures.answered(request)
      }
      logRequest?.(request)
    },
    onStoreCall(verb, ms, failed) {
      storeCalls.observe({ verb }, ms / 1000)
      if (failed) storeFailures.inc({ verb })
    },
    countGuards: (guards) =>
      guards.map((guard) => countedGuard(guard, () => guarded.inc({ when: guard.when }))),
    countFault: () => faults.inc(),
  }
}

function countedGuard(guard: Guard, onRefusal: () => void): Guard {
  return {
    ...guard,
    async check(login) {
      try {
        return await guard.check(login)
      } catch (error) {
        onRefusal()
        throw error
      }
    },
  }
}

/** How a login proved who the actor is, by its act in the audit trail. */
const LOGIN_METHODS: Readonly<Partial<Record<AuditEntry['act'], string>>> = {
  login: 'login',
  anonymous_login: 'anonymous',
  step_up: 'step_up',
  impersonation_started: 'impersonation',
}

function observe(registry: Registry): AuthorityObserver {
  const registers = [registry]
  const logins = new Counter({
    name: 'latchkey_logins_total',
    help: 'Logins, by ok or error code, method and door.',
    labelNames: ['outcome', 'method', 'door'],
    registers,
  })
  const renewals = new Counter({
    name: 'latchkey_renewals_total',
    help: 'Renewed sessions.',
    labelNames: ['door'],
    registers,
  })
  const reuse = new Counter({
    name: 'latchkey_reuse_detected_total',
    help: 'Sessions that were ended because a used renewal code was presented: a sign of theft.',
    labelNames: ['door'],
    registers,
  })
  const hashing = new Histogram({
    name: 'latchkey_password_hashing_duration_seconds',
    help: 'Time to hash or verify a password, without the wait for a turn.',
    buckets: HASHING_BUCKETS,
    registers,
  })
  const revocation = new Histogram({
    name: 'latchkey_revocation_duration_seconds',
    help: 'Time until a revocation is written and confirmed by every node.',
    registers,
  })
  return {
    audited({ act, outcome, door }) {
      const from = door ?? 'library'
      const method = LOGIN_METHODS[act]
      if (method !== undefined) logins.inc({ outcome, method, door: from })
      else if (act === 'renewal') renewals.inc({ door: from })
      else if (act === 'reuse_detected') reuse.inc({ door: from })
    },
    hashed: (ms) => hashing.observe(ms / 1000),
    revoked: (ms) => revocation.observe(ms / 1000),
  }
}
