import { createRequestId, RequestRecord } from '../../commands/index.ts'
import type { Authenticated, Refusal } from '../../core/index.ts'
import { type HeaderReader, problem } from '../../http/index.ts'
import type { RequestPeer } from './door-options.ts'

/** What a request of another client may not choose: the header is only taken from a trusted proxy. */
const REQUEST_ID = /^[\w.:+/=@-]{1,128}$/

const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
])

/** The route of a request that matches none. */
const NO_ROUTE = '(none)'

/** A request of the door in progress. */
export class HttpRequest extends RequestRecord {
  readonly #peer: RequestPeer

  constructor(method: string, id: string, peer: RequestPeer) {
    // A client may send any method. Those that are not known are counted as one.
    super('http', { id, method: METHODS.has(method) ? method : 'OTHER', route: NO_ROUTE })
    this.#peer = peer
  }

  /** The address of the connection's other end, or null. */
  get peerAddress(): string | null {
    return this.#peer.address ?? null
  }

  override resolved(current: Authenticated): void {
    super.resolved(current)
    this.#peer.authenticated?.()
  }

  /** Returns the problem that answers the request. */
  refuse(refusal: Refusal, headers: Readonly<Record<string, string>> = {}): Response {
    this.refusal = refusal
    return problem(refusal, headers, this.id)
  }
}

/** The bindings of a route: what it gets beside the `Request`. */
export interface RouteBindings {
  readonly request: HttpRequest
}

/** Returns the id of a request: the one that a trusted proxy sent, else a new one. */
export function requestId(headers: HeaderReader, isTrusted: boolean): string {
  const sent = isTrusted ? headers.get('x-request-id') : null
  return sent !== null && REQUEST_ID.test(sent) ? sent : createRequestId()
}
