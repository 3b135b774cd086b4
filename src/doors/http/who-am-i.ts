import type { ServerResponse } from 'node:http'
import type { Authority, CallOptions } from '../../core/index.ts'
import { type HeaderReader, problem } from '../../http/index.ts'
import type { SessionCookies } from './credentials.ts'

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
): Promise<string | Response> {
  const credential = cookies.read(headers)
  const check = await authority.authenticate(credential.token, caller)
  // A refusal removes no cookie: the browser may hold a newer one of that name.
  if (!check.ok) return problem(check)
  const { session, actor, impersonator } = check
  return JSON.stringify(
    impersonator === null ? { session, actor } : { session, actor, impersonator },
  )
}

/** Writes an answer of `whoAmI` to a response of `node:http`. */
export function writeAnswer(
  outgoing: ServerResponse,
  answer: string | Response,
): Promise<void> | undefined {
  if (typeof answer !== 'string') return writeResponse(outgoing, answer)
  outgoing.writeHead(200, { ...JSON_HEADERS, 'content-length': Buffer.byteLength(answer) })
  outgoing.end(answer)
  return undefined
}

async function writeResponse(outgoing: ServerResponse, response: Response): Promise<void> {
  const body = await response.text()
  const headers = Object.fromEntries(response.headers)
  outgoing.writeHead(response.status, { ...headers, 'content-length': Buffer.byteLength(body) })
  outgoing.end(body)
}
