import type { ServerResponse } from 'node:http'
import type { Authority, CallOptions } from '../../core/index.ts'
import type { HeaderReader } from '../../http/index.ts'
import type { SessionCookies } from './credentials.ts'
import type { HttpRequest } from './request.ts'

/** The headers of every JSON answer. */
export const JSON_HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

/**
 * Answers `GET /v1/session`, with the JSON of a valid session or a problem. Every other service waits for this check, so it passes neither
 * the router nor the pipeline; `session.get` gives the same answer there, and the same tests run over both.
 */
export async function whoAmI(
  { authority, cookies }: { authority: Authority; cookies: SessionCookies },
  headers: HeaderReader,
  caller: CallOptions,
  request: HttpRequest,
): Promise<string | Response> {
  const credential = cookies.read(headers)
  const check = await authority.authenticate(credential.token, caller)
  // A refusal removes no cookie: the browser may hold a newer one of that name.
  if (!check.ok) return request.refuse(check)
  request.resolved(check)
  const { session, actor, impersonator } = check
  return JSON.stringify(
    impersonator === null ? { session, actor } : { session, actor, impersonator },
  )
}

/** Writes an answer of `whoAmI` to a response of `node:http`. */
export function writeAnswer(
  outgoing: ServerResponse,
  answer: string | Response,
  requestId: string,
): Promise<void> | undefined {
  if (typeof answer !== 'string') {
    answer.headers.set('x-request-id', requestId)
    return writeResponse(outgoing, answer)
  }
  const length = Buffer.byteLength(answer)
  outgoing.writeHead(200, {
    ...JSON_HEADERS,
    'content-length': length,
    'x-request-id': requestId,
  })
  outgoing.end(answer)
  return undefined
}

async function writeResponse(outgoing: ServerResponse, response: Response): Promise<void> {
  const body = await response.text()
  const headers = Object.fromEntries(response.headers)
  outgoing.writeHead(response.status, { ...headers, 'content-length': Buffer.byteLength(body) })
  outgoing.end(body)
}
