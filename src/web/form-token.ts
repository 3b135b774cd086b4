import { createHash, randomBytes } from 'node:crypto'
import { sameDigest } from '../core/token/secret.ts'
import { exchangeOf } from './exchange.ts'
import { WebError } from './web-error.ts'

/** How long a browser keeps the cookie of a visitor's forms. */
const FORM_COOKIE_MS = 24 * 60 * 60 * 1000

/**
 * Returns the anti-forgery token for a form of this request's session, to send in a hidden field. It is derived from the session's
 * secret and changes with it; a visitor without a session gets a cookie for it, and no session.
 */
export function formToken(request: object): string {
  const exchange = exchangeOf(request)
  const { token, formSecret, cookies, request: received } = exchange
  const secret = token ?? formSecret ?? cookies.form.find(received.headers)
  if (secret !== null) return derive(secret)
  const text = randomBytes(32).toString('base64url')
  exchange.formSecret = text
  exchange.setCookie(exchange.cookies.form, { text, maxAgeMs: FORM_COOKIE_MS })
  return derive(text)
}

/** Throws `origin_refused` unless a form was sent from this origin with the token of `formToken`. */
export function verifyFormToken(request: object, token: unknown): void {
  const exchange = exchangeOf(request)
  exchange.checkOrigin()
  const { headers } = exchange.request
  // A form may be older than the session.
  const secrets = [exchange.token, exchange.formSecret, exchange.cookies.form.find(headers)]
  const matches = secrets.map(
    (secret) => secret !== null && sameDigest(String(token), derive(secret)),
  )
  if (matches.includes(true)) return
  throw new WebError('origin_refused', 'The form has expired. Load the page again.')
}

function derive(secret: string): string {
  return createHash('sha256').update(`latchkey/web/form\0${secret}`).digest('base64url')
}
