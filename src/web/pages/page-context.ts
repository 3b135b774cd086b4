import type { SessionEvents } from '../../connections/index.ts'
import type { Authenticated, Authority, CallOptions, Refusal } from '../../core/index.ts'
import { ERROR_TABLE } from '../../core/index.ts'
import type { Cookie } from '../../http/index.ts'
import { type FormError, type Html, layout, type PageContent } from './layout.ts'
import { fill, type PageTexts } from './texts.ts'

/** What the pages of one site share. */
export interface PagesContext {
  readonly authority: Authority
  readonly events: SessionEvents
  readonly texts: PageTexts
  /** The prefix of every path, without a slash at the end. */
  readonly prefix: string
  /** Whether visitors may register, while the setting `registration` is `open`. */
  readonly registration: boolean
  readonly cookie: Cookie
  readonly impersonation: Cookie
}

/** A request for a page. */
export interface PageRequest extends PagesContext {
  readonly request: Request
  readonly url: URL
  readonly source: CallOptions
  /** The fields of the form; empty for GET. */
  readonly form: Readonly<Record<string, string>>
}

/** A request of a logged-in user. */
export interface UserPageRequest extends PageRequest {
  readonly current: Authenticated
}

const HEADERS = {
  'cache-control': 'no-store',
  // With `no-referrer` browsers send `Origin: null` with forms.
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'content-security-policy': [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
}

/** Answers with a page. */
export async function show(
  context: PagesContext,
  content: PageContent,
  status = 200,
): Promise<Response> {
  const body: Html = layout(content, context)
  const headers = { ...HEADERS, 'content-type': 'text/html; charset=utf-8' }
  return new Response(String(await body), { status, headers })
}

/** Redirects to a path below the prefix, with a parameter if it has a value. */
export function redirect(
  { prefix }: PagesContext,
  path: string,
  {
    query = {},
    cookies = [],
  }: {
    readonly query?: Readonly<Record<string, string | undefined>>
    readonly cookies?: readonly string[]
  } = {},
): Response {
  const given = Object.entries(query).flatMap(([name, value]) => (value ? [[name, value]] : []))
  const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`
  const headers = new Headers({ ...HEADERS, location: `${prefix}${path}${search}` })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return new Response(null, { status: 303, headers })
}

/** The cookies of a new session, which replaces one and its impersonation. */
export function sessionCookies(
  { authority, cookie, impersonation }: PagesContext,
  { token, session }: { readonly token: string; readonly session: { readonly endsAt: number } },
): readonly string[] {
  return [cookie.write(token, session.endsAt - authority.now()), impersonation.clear()]
}

/** Returns the text for a refusal. `wrong` is the text for a wrong proof. */
export function textOf(
  { texts }: PagesContext,
  { code, message, retryAfterMs }: Refusal,
  wrong: string = texts.wrongPassword,
): string {
  if (code === 'credentials_invalid') return wrong
  if (code === 'throttled') {
    return fill(texts.throttled, { seconds: Math.ceil((retryAfterMs ?? 1000) / 1000) })
  }
  if (code === 'actor_suspended') return texts.suspended
  if (code === 'origin_refused') return texts.originRefused
  if (code === 'unavailable' || code === 'busy' || code === 'timeout' || code === 'internal') {
    return texts.unavailable
  }
  return message
}

/** The status of a page with a refusal. A page has no challenge, so 401 becomes 422. */
export function statusOf({ code }: Refusal): number {
  const { http } = ERROR_TABLE[code]
  return http === 401 ? 422 : http
}

/** Returns the errors of a refusal, each at its field if it names one that the form has. */
export function errorsOf(
  context: PagesContext,
  refusal: Refusal,
  fields: Readonly<Record<string, string>>,
): FormError[] {
  const issues = (refusal.issues ?? []).filter(({ path }) => path in fields)
  if (issues.length === 0) return [{ text: textOf(context, refusal) }]
  const { texts } = context
  return issues.map(({ path, message }) => {
    const label = fields[path] ?? path
    const text = fill(texts.taken, { field: label })
    return { field: path, text: refusal.code === 'identity_taken' ? text : `${label}: ${message}` }
  })
}
