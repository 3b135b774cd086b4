/** An actor, as the server returns it. */
export interface BrowserActor {
  /** The id of the actor. */
  readonly id: string
  /** The display name. */
  readonly name: string
  /** What the actor may do. */
  readonly roles: readonly string[]
  /** Whether it is an anonymous visitor. */
  readonly anonymous: boolean
}

/** A session, as the server returns it. Times are epoch milliseconds. */
export interface BrowserSession {
  /** The public handle. It is not a secret. */
  readonly id: string
  /** The id of the actor that owns the session. */
  readonly owner: string
  /** The lifetime policy. */
  readonly profile: string
  /** The roles of the session: those of its actor, or fewer. */
  readonly roles: readonly string[]
  /** When the session was created. */
  readonly createdAt: number
  /** When the actor last proved its identity. */
  readonly authenticatedAt: number
  /** When the session expires unless it is used or renewed before. */
  readonly expiresAt: number
  /** The absolute end of the session. */
  readonly endsAt: number
}

/** The current session and its actor. */
export interface CurrentSession {
  /** The session of this browser. */
  readonly session: BrowserSession
  /** The actor that the session acts as. */
  readonly actor: BrowserActor
  /** The actor that impersonates `actor`. */
  readonly impersonator?: BrowserActor
}

/** A session in the list of an actor's sessions. */
export interface ListedSession extends BrowserSession {
  /** When the session was last used. */
  readonly lastUsedAt: number
  /** The client that logged in: its address, `User-Agent` header and label. */
  readonly client: {
    readonly address: string | null
    readonly userAgent: string | null
    readonly label: string | null
  }
  /** Whether this is the session of this client. */
  readonly current: boolean
}

/** A refusal of the server, or `unavailable` if it does not answer. */
export class LatchkeyClientError extends Error {
  /** An error code of the server. */
  readonly code: string
  /** The HTTP status; 0 without an answer. */
  readonly status: number
  /** Why the session ended. */
  readonly reason: string | undefined
  /** How long to wait before trying again, in milliseconds. */
  readonly retryAfterMs: number | undefined
  /** Which inputs were refused. */
  readonly issues: readonly { readonly path: string; readonly message: string }[]

  constructor(status: number, body: Readonly<Record<string, unknown>>, retryAfter?: string | null) {
    super(String(body['detail'] ?? 'The server does not answer.'))
    this.name = 'LatchkeyClientError'
    this.status = status
    this.code = String(body['code'] ?? 'unavailable')
    this.reason = body['reason'] === undefined ? undefined : String(body['reason'])
    this.retryAfterMs = retryAfter ? Number(retryAfter) * 1000 : undefined
    this.issues = (body['issues'] ?? []) as LatchkeyClientError['issues']
  }
}
