import { createCookie, type HeaderReader } from '../../http/index.ts'

/** The token of a request, and where it came from: a cookie needs the origin check. */
export type Credential =
  | { readonly from: 'bearer' | 'cookie' | 'impersonation-cookie'; readonly token: string }
  | { readonly from: 'none'; readonly token: null }

const NONE: Credential = { from: 'none', token: null }

/** The cookies of the door: the session's, and the impersonation's. */
export interface SessionCookies {
  /** Finds the token of a request. A bearer token precedes cookies, the impersonation's cookie precedes the session's. */
  read(headers: HeaderReader): Credential
  /** Finds the token of the session's cookie, whatever else the request has. */
  readSession(headers: HeaderReader): string | null
  /** Returns `Set-Cookie` with a token. The cookie ends no later than the session. */
  write(token: string, endsAt: number, now: number, options?: { impersonation?: boolean }): string
  /** Returns `Set-Cookie` that removes a cookie. */
  clear(options?: { impersonation?: boolean }): string
}

/**
 * Makes the cookies of the door. An impersonation has a cookie of its own, so that the session it was started from is still there
 * when it stops. `plain` is for development over plain HTTP.
 */
export function createSessionCookies({ plain }: { plain: boolean }): SessionCookies {
  const session = createCookie({ name: 'latchkey', plain })
  const impersonation = createCookie({ name: 'latchkey-as', plain })
  const choose = (options: { impersonation?: boolean } = {}) =>
    options.impersonation === true ? impersonation : session
  return {
    read(headers) {
      const authorization = headers.get('authorization')
      const bearer = authorization === null ? null : bearerOf(authorization)
      if (bearer !== null) return { from: 'bearer', token: bearer }
      const other = impersonation.find(headers)
      if (other !== null) return { from: 'impersonation-cookie', token: other }
      const own = session.find(headers)
      return own === null ? NONE : { from: 'cookie', token: own }
    },
    readSession: (headers) => session.find(headers),
    write: (token, endsAt, now, options) => choose(options).write(token, endsAt - now),
    clear: (options) => choose(options).clear(),
  }
}

function bearerOf(authorization: string): string | null {
  if (authorization.length < 8 || authorization.slice(0, 7).toLowerCase() !== 'bearer ') return null
  return authorization.slice(7).trim()
}
