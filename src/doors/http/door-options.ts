import type { CommandRegistry, OnAnswered, Pipeline } from '../../commands/index.ts'
import type { Connections } from '../../connections/index.ts'
import type { Authority } from '../../core/index.ts'

/** Options of `createHttpDoor`. */
export interface HttpDoorOptions {
  /** Checks every session. */
  readonly authority: Authority
  /** Runs every command. */
  readonly pipeline: Pipeline
  /** The commands that `POST /v1/commands/{name}` serves and the reference describes. */
  readonly registry: CommandRegistry
  /** The open connections, for `GET /v1/session/events`. Without them the route is `not_found`. */
  readonly connections?: Connections
  /** How many event streams may be open at once: 10,000 by default. */
  readonly maxEventStreams?: number
  /** Plain cookie names, and only loopback `Host` headers. False by default. */
  readonly development?: boolean
  /** The prefix of every path, such as `/auth`. Empty by default. */
  readonly prefix?: string
  /** Proxies whose `X-Forwarded-For` and `X-Request-Id` are trusted: addresses or CIDR prefixes. None by default. */
  readonly trustedProxies?: readonly string[]
  /** Allowed `Host` headers. In production every host is allowed by default. */
  readonly allowedHosts?: readonly string[]
  /** The origin that browsers see, where a proxy hides it: `https://login.example`. */
  readonly publicUrl?: string
  /** Origins of pages that may call the door with a bearer token, such as `https://app.example`. None by default. */
  readonly corsOrigins?: readonly string[]
  /** The endpoints of `/oauth`. */
  readonly oauth?: {
    /** Where users approve a device, absolute. The page `/oauth/device` of this door by default. */
    readonly verificationUri?: string
  }
  /**
   * Whether a logout with a cookie also sends `Clear-Site-Data`, which clears the cache, all cookies
   * (those of sibling subdomains too) and the storage of the site. False by default.
   */
  readonly clearSiteData?: boolean
  /** Whether `GET /readyz` may report that the server is ready. Always by default. */
  readonly ready?: () => boolean
  /** Returns what an acknowledged write survives, which `GET /readyz` reports: `quorum`, `local` or `none`. */
  readonly durability?: () => Promise<string>
  /** Renders `GET /metrics`. Without it the route is `not_found`. */
  readonly metrics?: () => Promise<{ contentType: string; body: string }>
  /** Receives the report of each request. Its route is a template such as `/v1/sessions/:id`, or `(none)`. */
  readonly onAnswered?: OnAnswered
  /** Called with errors that the client did not cause. */
  readonly onError?: (error: unknown, what: string) => void
}

/** What a server passes to the door beside a `Request`. */
export interface RequestPeer {
  /** The address of the connection's other end. Without it no limit applies by address. */
  readonly address?: string | null
  /** Called when a request of the connection has a valid session. */
  authenticated?(): void
}
