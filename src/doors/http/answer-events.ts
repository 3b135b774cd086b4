import type { SessionEvents } from '../../connections/index.ts'
import { type Authority, type CallOptions, LatchkeyError } from '../../core/index.ts'
import type { SessionCookies } from './credentials.ts'
import type { HttpRequest } from './request.ts'

/** Answers `GET /v1/session/events`: a stream for a live session, else a problem. */
export async function answerEvents(
  { authority, cookies }: { readonly authority: Authority; readonly cookies: SessionCookies },
  events: SessionEvents,
  { headers }: Request,
  { caller, record }: { readonly caller: CallOptions; readonly record: HttpRequest },
): Promise<Response> {
  const { from, token } = cookies.read(headers)
  // A page of another origin cannot read the stream, and must not hold one open with the user's cookie.
  const site = headers.get('sec-fetch-site') ?? 'same-origin'
  if (from !== 'bearer' && site !== 'same-origin') {
    throw new LatchkeyError('origin_refused', 'The stream is for pages of this origin.')
  }
  const check = await authority.authenticate(token, { ...caller, passive: true })
  // No cookie is cleared: the page may have logged in again since.
  if (!check.ok) return record.refuse(check)
  record.resolved(check)
  return events.open(check)
}
