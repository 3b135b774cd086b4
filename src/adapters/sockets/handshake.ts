import {
  type Authenticated,
  type Authority,
  type CallOptions,
  errorOf,
  LatchkeyError,
} from '../../core/index.ts'
import {
  type ClientAddress,
  type Cookie,
  createClientAddress,
  createCookie,
  type HeaderReader,
  isSameOrigin,
} from '../../http/index.ts'

/** Options of a handshake. */
export interface HandshakeOptions {
  /** Checks every session. */
  readonly authority: Authority
  /** The origin that browsers see, where a proxy hides it: `https://app.example`. */
  readonly publicUrl?: string
  /** Further origins whose pages may open sockets. None by default. */
  readonly allowedOrigins?: readonly string[]
  /** Plain cookie names, for development over HTTP. False by default. */
  readonly development?: boolean
  /** The name of the session's cookie, without its prefix: `latchkey` by default. */
  readonly cookieName?: string
  /** Proxies whose `X-Forwarded-For` is trusted: addresses or CIDR prefixes. None by default. */
  readonly trustedProxies?: readonly string[]
}

/** What a client sends when it opens a socket. */
export interface HandshakeRequest {
  readonly headers: HeaderReader
  /** The address of the other end. */
  readonly peer: string | null
  readonly door: string
  /** A token that the protocol of the socket carries itself. */
  readonly token?: string | null
}

/** A handshake that was accepted. */
export interface Handshake {
  readonly current: Authenticated
  readonly source: CallOptions
}

/** Checks the handshakes of sockets: origin first, then the session. */
export class HandshakeChecker {
  readonly #authority: Authority
  readonly #cookie: Cookie
  readonly #impersonation: Cookie
  readonly #publicOrigin: string | null
  readonly #allowedOrigins: ReadonlySet<string>
  readonly #clientAddress: ClientAddress

  constructor(options: HandshakeOptions) {
    const { publicUrl, allowedOrigins = [], development = false, cookieName = 'latchkey' } = options
    this.#authority = options.authority
    this.#cookie = createCookie({ name: cookieName, plain: development })
    this.#impersonation = createCookie({ name: `${cookieName}-as`, plain: development })
    this.#publicOrigin = publicUrl === undefined ? null : new URL(publicUrl).origin
    this.#allowedOrigins = new Set(allowedOrigins.map((origin) => new URL(origin).origin))
    this.#clientAddress = createClientAddress(options.trustedProxies ?? [])
  }

  /** Throws `origin_refused`, or the refusal of the session. */
  async check({ headers, peer, door, token = null }: HandshakeRequest): Promise<Handshake> {
    const bearer = token ?? bearerOf(headers.get('authorization'))
    this.#checkOrigin(headers, bearer === null)
    const source = {
      door,
      address: this.#clientAddress(headers, peer),
      userAgent: headers.get('user-agent'),
    }
    const check = await this.#authority.authenticate(bearer ?? this.#findCookie(headers), source)
    if (check.ok) return { current: check, source }
    throw errorOf(check)
  }

  // An impersonation precedes the session that it was started from, as at the HTTP door.
  #findCookie(headers: HeaderReader): string | null {
    return this.#impersonation.find(headers) ?? this.#cookie.find(headers)
  }

  // The same-origin policy does not apply to WebSockets: a page of any site may open one, with the
  // user's cookie.
  #checkOrigin(headers: HeaderReader, byCookie: boolean): void {
    const origin = headers.get('origin')
    if (origin === null && !byCookie) return
    const url = `http://${headers.get('host') ?? ''}`
    if (origin !== null && this.#allowedOrigins.has(origin)) return
    if (isSameOrigin({ headers, url }, this.#publicOrigin)) return
    throw new LatchkeyError('origin_refused', 'A page of another origin may not open this socket.')
  }
}

function bearerOf(authorization: string | null): string | null {
  return /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? null
}
