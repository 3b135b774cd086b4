import type { CallOptions } from '../core/index.ts'
import type { ClientAddress } from './client-address.ts'
import type { HeaderReader } from './header-reader.ts'

/**
 * The source of a request. It reads the headers when it is asked, because a check that is answered from the cache asks for nothing. A
 * class, because making an object literal with getters costs as much as that check.
 */
export class HttpRequestSource implements CallOptions {
  readonly door: string
  readonly #headers: HeaderReader
  readonly #peer: string | null
  readonly #clientAddress: ClientAddress
  readonly #request: Request | null

  constructor(
    door: string,
    headers: HeaderReader,
    peer: string | null,
    clientAddress: ClientAddress,
    request: Request | null = null,
  ) {
    this.door = door
    this.#headers = headers
    this.#peer = peer
    this.#clientAddress = clientAddress
    this.#request = request
  }

  /** The client's address. */
  get address(): string | null {
    return this.#clientAddress(this.#headers, this.#peer)
  }

  /** The `User-Agent` header. */
  get userAgent(): string | null {
    return this.#headers.get('user-agent')
  }

  /** Fires when the client disconnects, where a `Request` says so. */
  get signal(): AbortSignal | undefined {
    return this.#request?.signal
  }
}
