import type { CommandOutcome, Pipeline } from '../../commands/index.ts'
import { refuse } from '../../core/errors.ts'
import { type Authority, type CallOptions, LatchkeyError } from '../../core/index.ts'
import { isForm, isSameOrigin, readBody, readForm } from '../../http/index.ts'
import type { Credential, SessionCookies } from './credentials.ts'
import type { HttpRequest } from './request.ts'
import type { Route } from './routes.ts'

/** The parts of the door that an answer needs. */
export interface RouteContext {
  readonly authority: Authority
  readonly pipeline: Pipeline
  readonly cookies: SessionCookies
  readonly publicOrigin: string | null
  /** Whether a logout also clears the cache, the cookies and the storage of the site. */
  readonly clearSiteData: boolean
  /** The path that the routes are mounted under. */
  readonly prefix: string
}

interface RouteRequest {
  readonly request: Request
  /** Parameters in the path. */
  readonly path: Record<string, string>
  readonly caller: CallOptions
  readonly record: HttpRequest
}

/** The part of a result that a cookie replaces. */
interface IssuedSecrets {
  token?: string
  renewal?: string
  session?: { endsAt: number }
}

/** Answers a request for a route: decodes it, runs the command, and encodes the value or the refusal. */
export async function answerRoute(
  context: RouteContext,
  route: Route,
  { request, path, caller, record }: RouteRequest,
): Promise<Response> {
  const { pipeline, cookies, publicOrigin } = context
  const credential: Credential =
    route.ignoresToken === true ? { from: 'none', token: null } : cookies.read(request.headers)
  const params = await readParams(route, request, path)
  const wantsCookie = route.cookie === 'offer' && params['cookie'] === true
  if (route.cookie === 'offer' && typeof params['cookie'] === 'boolean') delete params['cookie']
  const byCookie = credential.from === 'cookie' || credential.from === 'impersonation-cookie'
  const unsafe = wantsCookie || (byCookie && route.method !== 'GET')
  if (unsafe && !isSameOrigin(request, publicOrigin)) {
    const message = 'A request with a cookie must come from a page of this origin.'
    return record.refuse(refuse('origin_refused', message))
  }
  const { command } = route
  const outcome = await pipeline.dispatch({
    name: command,
    params,
    token: credential.token,
    caller,
    onSession: (current) => record.resolved(current),
  })
  if (!outcome.ok) {
    const stopped = await stopsDeadImpersonation(context, route, credential, { request, caller })
    // A refusal removes no cookie: the browser may hold a newer one of that name.
    return stopped ?? record.refuse(outcome)
  }
  return encode(context, route, { credential, wantsCookie, byCookie }, outcome)
}

function encode(
  context: RouteContext,
  route: Route,
  given: {
    readonly credential: Credential
    readonly wantsCookie: boolean
    readonly byCookie: boolean
  },
  outcome: Extract<CommandOutcome, { ok: true }>,
): Response {
  const { credential, wantsCookie, byCookie } = given
  const { result, status, cacheSeconds, codePage, cookie } = route
  const headers = new Headers({
    'cache-control': cacheSeconds === undefined ? 'no-store' : `public, max-age=${cacheSeconds}`,
    'x-content-type-options': 'nosniff',
  })
  let { value } = outcome
  if (result === 'with-events') value = { result: value ?? null, events: outcome.events }
  if (codePage !== undefined) value = withLink(context, codePage, value)
  if (wantsCookie || (byCookie && (cookie === 'rotate' || cookie === 'act'))) {
    value = moveIntoCookie(context, route, {
      credential,
      value,
      now: context.authority.now(),
      headers,
    })
  }
  if (byCookie) clearCookies(context, route, credential, headers)
  if (status === 204) return new Response(null, { status, headers })
  headers.set('content-type', 'application/json')
  return new Response(JSON.stringify(value), { status, headers })
}

// The cookie of an impersonation that has ended precedes the session's, and would refuse every
// request. The session that started it may remove it.
async function stopsDeadImpersonation(
  { authority, cookies }: RouteContext,
  route: Route,
  credential: Credential,
  { request, caller }: Pick<RouteRequest, 'request' | 'caller'>,
): Promise<Response | null> {
  if (route.cookie !== 'clear-act' || credential.from !== 'impersonation-cookie') return null
  const acting = await authority.authenticate(credential.token, caller)
  if (acting.ok || !DEAD.has(acting.code)) return null
  const own = await authority.authenticate(cookies.readSession(request.headers), caller)
  if (!own.ok) return null
  const headers = {
    'cache-control': 'no-store',
    'set-cookie': cookies.clear({ impersonation: true }),
  }
  return new Response(null, { status: 204, headers })
}

const DEAD: ReadonlySet<string> = new Set(['token_invalid', 'session_expired', 'session_revoked'])

// A code is in the fragment of a link, which clients do not send to servers and which is not logged.
function withLink({ publicOrigin, prefix }: RouteContext, page: string, value: unknown): unknown {
  if (publicOrigin === null) return value
  const { code } = value as { readonly code: string }
  return { ...(value as object), link: `${publicOrigin}${prefix}${page}#${code}` }
}

interface Issued {
  readonly credential: Credential
  readonly value: unknown
  readonly now: number
  readonly headers: Headers
}

// The secrets of a cookie session are only in the cookie, where scripts of the page cannot read them.
function moveIntoCookie(
  { cookies }: RouteContext,
  route: Route,
  { credential, value, now, headers }: Issued,
): unknown {
  const { token, renewal: _, ...rest } = value as IssuedSecrets
  if (token === undefined || rest.session === undefined) return value
  const impersonation = route.cookie === 'act' || credential.from === 'impersonation-cookie'
  headers.append('set-cookie', cookies.write(token, rest.session.endsAt, now, { impersonation }))
  if (route.cookie === 'offer') {
    headers.append('set-cookie', cookies.clear({ impersonation: true }))
  }
  return rest
}

function clearCookies(
  { cookies, clearSiteData }: RouteContext,
  route: Route,
  credential: Credential,
  headers: Headers,
): void {
  if (route.cookie !== 'clear' && route.cookie !== 'clear-act') return
  headers.append('set-cookie', cookies.clear({ impersonation: true }))
  if (route.cookie === 'clear-act' || credential.from === 'impersonation-cookie') return
  headers.append('set-cookie', cookies.clear())
  if (clearSiteData) headers.set('clear-site-data', '"cache", "cookies", "storage"')
}

async function readParams(
  route: Route,
  request: Request,
  path: Record<string, string>,
): Promise<Record<string, unknown>> {
  const query = readQuery(request.url)
  if (route.method === 'GET') return { ...query, ...path }
  requireQuery(route, query)
  const { form } = route
  if (form !== undefined && isForm(request)) {
    const given = Object.entries(await readForm(request))
    return Object.fromEntries(given.filter(([name]) => form.includes(name)))
  }
  return { ...(await readBody(request)), ...path }
}

/** Parameters that are numbers. */
const NUMBERS = new Set(['limit', 'since'])

function readQuery(url: string): Record<string, unknown> {
  const at = url.indexOf('?')
  if (at === -1) return {}
  const query = new URLSearchParams(url.slice(at + 1))
  const entries = [...query].map(([name, value]) => {
    if (query.getAll(name).length > 1) {
      throw new LatchkeyError('invalid_request', `The query field ${quoted(name)} is repeated.`)
    }
    return [name, NUMBERS.has(name) && /^\d{1,15}$/.test(value) ? Number(value) : value]
  })
  return Object.fromEntries(entries)
}

/** Throws if a query lacks the field that the route asks for, or has another. */
function requireQuery({ query: wanted }: Route, query: Record<string, unknown>): void {
  if (wanted !== undefined && query[wanted.name] !== wanted.value) {
    throw new LatchkeyError('invalid_request', `Send ?${wanted.name}=${wanted.value}.`)
  }
  const unknown = Object.keys(query).find((name) => name !== wanted?.name)
  if (unknown === undefined) return
  throw new LatchkeyError('invalid_request', `There is no query field ${quoted(unknown)}.`)
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 64))
}
