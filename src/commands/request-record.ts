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

/** A request in progress. The door that handles it fills it in, and reports it when it is answered. */
export class RequestRecord implements AnsweredRequest {
  /** The id of the request, which its answer repeats. */
  readonly id: string
  /** The door that answered. */
  readonly door: string
  /** The method of the protocol, such as `GET`. */
  method: string
  /** The template of the route, without values of a client. */
  route: string
  /** The status of the answer in its protocol. */
  status: number | string = 'ok'
  /** How long the answer took. */
  ms = 0
  /** The id of the actor; null without a session. */
  actor: string | null = null
  /** The public handle of the session; null without one. */
  session: string | null = null
  /** The refusal of the answer; null for a success. */
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
