import type { RequestSource } from '../../core/index.ts'

interface ExpressRequest {
  /** Set by Express, which honours `trust proxy`. */
  readonly ip?: unknown
  readonly socket?: { readonly remoteAddress?: string }
  readonly headers?: { readonly 'user-agent'?: string }
}

/** Returns the source of the request that a session object of express-session belongs to. */
export function sourceOf(session: object): RequestSource {
  const request = 'req' in session ? (session.req as ExpressRequest | undefined) : undefined
  const { ip, socket, headers } = request ?? {}
  return {
    door: 'express-session',
    address: typeof ip === 'string' ? ip : (socket?.remoteAddress ?? null),
    userAgent: headers?.['user-agent'] ?? null,
  }
}
