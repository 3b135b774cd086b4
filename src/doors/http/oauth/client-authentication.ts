import type { Authority, CallOptions, OAuthClient } from '../../../core/index.ts'
import { errorOfRefusal, invalidClient, type OAuthError } from './oauth-error.ts'
import type { Form } from './oauth-request.ts'

interface Credentials {
  readonly id: string
  readonly secret: string | null
}

/**
 * Finds the client of a request: by HTTP Basic, by `client_id` and `client_secret` in the form, or
 * by `client_id` alone for a public client (RFC 6749 section 2.3).
 */
export async function authenticateClient(
  authority: Authority,
  { headers, form }: { readonly headers: Headers; readonly form: Form },
  caller: CallOptions,
): Promise<{ readonly client: OAuthClient } | OAuthError> {
  const credentials = readCredentials(headers, form)
  if ('error' in credentials) return credentials
  const found = await authority.clients.authenticate(credentials, caller)
  return found.ok ? { client: found.client } : errorOfRefusal(found)
}

/** Whether a request authenticates by HTTP Basic. */
export function isBasic(headers: Headers): boolean {
  return /^basic /i.test(headers.get('authorization') ?? '')
}

function readCredentials(headers: Headers, form: Form): Credentials | OAuthError {
  const authorization = headers.get('authorization')
  const { client_id: id, client_secret: secret = null } = form
  if (authorization === null || !isBasic(headers)) {
    if (id === undefined) return invalidClient('Send the client_id.')
    return { id, secret }
  }
  if (secret !== null) {
    const description = 'Send the client secret in one place: HTTP Basic, or the form.'
    return { error: 'invalid_request', description }
  }
  const credentials = readBasic(authorization.slice(6).trim())
  if (credentials === null) return invalidClient('The Authorization header is not HTTP Basic.')
  if (id === undefined || id === credentials.id) return credentials
  return { error: 'invalid_request', description: 'The client_id differs from that of HTTP Basic.' }
}

// RFC 6749 section 2.3.1: both parts are form-encoded before the encoding of HTTP Basic.
function readBasic(encoded: string): Credentials | null {
  const text = Buffer.from(encoded, 'base64').toString()
  const colon = text.indexOf(':')
  if (colon === -1) return null
  const [id, secret] = [formDecoded(text.slice(0, colon)), formDecoded(text.slice(colon + 1))]
  if (id === null || secret === null) return null
  return { id, secret: secret === '' ? null : secret }
}

function formDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}
