import { type Refusal, refuse } from '../../../core/errors.ts'
import { orderedJson } from './json.ts'

/** The encoded answer of a command. */
export interface Answer {
  readonly kind: 'answer'
  readonly name: string
  readonly body: string
  /** Called when the answer has been sent. */
  readonly after?: () => void
}

/** A command that was refused. */
export interface Failure {
  readonly kind: 'failure'
  readonly reason: string
  readonly refusal: Refusal
  /** The details for a client that did not ask for any: none, when to retry, or all. */
  readonly tells: 'nothing' | 'retry' | 'everything'
  readonly after?: () => void
}

/** How the original fails at a message without a defined failure: no clause of its handler matches, or it raises. */
export type Fault = 'no_clause' | 'internal'

export type Outcome = Answer | Failure | Fault

/** Returns an answer with ordered keys. */
export function answer(name: string, message: object): Answer {
  return { kind: 'answer', name, body: orderedJson(message) }
}

/** Returns `system/success` of a command. */
export function success(command: string, after?: () => void): Answer {
  const done = answer('system/success', { command })
  return after === undefined ? done : { ...done, after }
}

export function failure(
  reason: string,
  refusal: Refusal = refuse('invalid_request', reason),
): Failure {
  return { kind: 'failure', reason, refusal, tells: 'nothing' }
}

/** The reasons of refusals that no command causes. The original has none. */
const OUR_REASONS: Partial<Record<Refusal['code'], string>> = {
  unavailable: 'Service unavailable, please retry',
  timeout: 'Service unavailable, please retry',
  busy: 'Server busy, please retry',
  throttled: 'Too many attempts, please retry later',
  conflict: 'Changed in the meantime, please retry',
}

/** Returns the failure for a refusal, with the command's own reason if it has one. An error of the server is never a wrong credential. */
export function refused(
  refusal: Refusal,
  reasons: Partial<Record<Refusal['code'], string>> & { readonly other?: string } = {},
): Failure {
  const own = reasons[refusal.code]
  if (own !== undefined) return failure(own, refusal)
  const ours = OUR_REASONS[refusal.code]
  if (ours !== undefined) return { ...failure(ours, refusal), tells: 'retry' }
  return failure(reasons.other ?? refusal.message, refusal)
}

/** Returns one message of the server. */
export function encode(name: string, body: string, id?: string): string {
  return id === undefined
    ? `{"message":${body},"name":"${name}"}`
    : `{"message":${body},"message_id":${JSON.stringify(id)},"name":"${name}"}`
}

/** Returns the body of a `system/failure`. */
export function failureBody(
  command: string,
  { reason, refusal, tells }: Failure,
  details: boolean,
): string {
  const { code, retryAfterMs, issues, reason: why } = refusal
  const everything = details || tells === 'everything'
  const retry = retryAfterMs !== undefined && (everything || tells === 'retry')
  return orderedJson({
    command,
    reason,
    ...(retry ? { retry_after: Math.max(1, Math.ceil(retryAfterMs / 1000)) } : {}),
    ...(everything ? { code } : {}),
    ...(everything && issues !== undefined ? { issues } : {}),
    ...(everything && why !== undefined ? { why } : {}),
  })
}
