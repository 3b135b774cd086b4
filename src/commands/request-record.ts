import { randomBytes } from 'node:crypto'
import type { Authenticated, Refusal } from '../core/index.ts'

/** What a door reports of a request that it has answered. */
export interface AnsweredRequest {
  /** The id of the request: the one that a trusted proxy sent, or one of our own. */
  readonly id: string
  /** `http`, `mage`, `angen` or `grpc`. */
  readonly door: string
  /** The HTTP method; `call` for gRPC, `command` for MAGE, `message` for Angen. */
  readonly method: string
  /** The template of the path or the name of the command, so that their number is bounded. */
  readonly route: string
  /** The HTTP status; at the other doors `ok` or the error code. */
  readonly status: number | string
  /** From the arrival of the request to its answer. */
  readonly ms: number
  /** The id of the actor; null without a valid session. */
  readonly actor: string | null
  /** The id of the session; null without a valid one. */
  readonly session: string | null
  /** Why the request was refused; null for a request that succeeded. It may have a `cause`, which no client receives. */
  readonly refusal: Refusal | null
}

/** Receives the report of each answered request. Must not throw. */
export type OnAnswered = (request: AnsweredRequest) => void

const PREFIX = randomBytes(6).toString('hex')
let lastNumber = 0

/** Returns a new request id, unique among the processes of an installation. */
export function createRequestId(): string {
  lastNumber++
  return `${PREFIX}-${lastNumber.toString(36)}`
}

/** A request in progress. The door that handles it fills it in, and reports it when it is answered. */
export class RequestRecord implements AnsweredRequest {
  readonly id: string
  readonly door: string
  method: string
  route: string
  status: number | string = 'ok'
  ms = 0
  actor: string | null = null
  session: string | null = null
  refusal: Refusal | null = null
  readonly #startedAt = performance.now()

  constructor(
    door: string,
    { id, method, route }: { readonly id: string; readonly method: string; readonly route: string },
  ) {
    this.door = door
    this.id = id
    this.method = method
    this.route = route
  }

  /** The session of the request is valid. */
  resolved({ session, actor }: Authenticated): void {
    this.session = session.id
    this.actor = actor.id
  }

  /** The request is answered. */
  answered(status: number | string, refusal: Refusal | null = this.refusal): this {
    this.status = status
    this.refusal = refusal
    this.ms = performance.now() - this.#startedAt
    return this
  }
}
