import type { Pipeline } from '../../commands/index.ts'
import { refuse } from '../../core/errors.ts'
import type { Authority, CallOptions } from '../../core/index.ts'
import { readBody } from './body.ts'
import { type CookieJar, type Credential, droppedCookie, isSameOrigin } from './credentials.ts'
import { problem } from './problem.ts'
import type { Route } from './routes.ts'

/** What answering needs of the door. */
export interface Exchange {
  readonly authority: Authority
  readonly pipeline: Pipeline
  readonly jar: CookieJar
  readonly publicOrigin: string | null
}

interface Asked {
  readonly request: Request
  /** Parameters of the path. */
  readonly path: Record<string, string>
  readonly caller: CallOptions
}

interface Secrets {
  token?: string
  renewal?: string
  session?: { endsAt: number }
}

/** Answers a request of a route: decodes, dispatches, and encodes the value or the refusal. */
export async function answerRoute(
  exchange: Exchange,
  route: Route,
  { request, path, caller }: Asked,
): Promise<Response> {
  const credential: Credential =
    route.ignoresToken === true ? { from: 'none', token: null } : exchange.jar.read(request.headers)
  const params = await readParams(route, request, path)
  const wantsCookie = route.cookie === 'offer' && params['cookie'] === true
  if (route.cookie === 'offer' && typeof params['cookie'] === 'boolean') delete params['cookie']
  const byCookie = credential.from === 'cookie' || credential.from === 'impersonation-cookie'
  if (
    (wantsCookie || (byCookie && route.method !== 'GET')) &&
    !isSameOrigin(request, exchange.publicOrigin)
  ) {
    return problem(
      refuse('origin_refused', 'With cookies, only pages of this origin may ask that.'),
    )
  }
  const outcome = await exchange.pipeline.dispatch({
    name: route.command,
    params,
    token: credential.token,
    caller,
  })
  if (!outcome.ok) return problem(outcome, droppedCookie(exchange.jar, credential, outcome))
  const sets = wantsCookie || (byCookie && (route.cookie === 'rotate' || route.cookie === 'act'))
  const headers = new Headers({
    'cache-control':
      route.cacheSeconds === undefined ? 'no-store' : `public, max-age=${route.cacheSeconds}`,
    'x-content-type-options': 'nosniff',
  })
  const value = sets
    ? intoCookie(exchange, route, credential, outcome.value, headers)
    : outcome.value
  if (byCookie && route.cookie === 'clear') clearCookies(exchange, credential, headers)
  if (byCookie && route.cookie === 'clear-act') {
    headers.append('set-cookie', exchange.jar.clear({ impersonation: true }))
  }
  if (route.status === 204) return new Response(null, { status: 204, headers })
  headers.set('content-type', 'application/json')
  return new Response(JSON.stringify(value), { status: route.status, headers })
}

// The secrets of a cookie session are in the cookie alone: scripts of the page never see them.
function intoCookie(
  exchange: Exchange,
  route: Route,
  credential: Credential,
  value: unknown,
  headers: Headers,
): unknown {
  const { token, renewal: _, ...rest } = value as Secrets
  if (token === undefined || rest.session === undefined) return value
  const impersonation = route.cookie === 'act' || credential.from === 'impersonation-cookie'
  const { endsAt } = rest.session
  headers.append(
    'set-cookie',
    exchange.jar.write(token, endsAt, exchange.authority.now(), { impersonation }),
  )
  if (route.cookie === 'offer') {
    headers.append('set-cookie', exchange.jar.clear({ impersonation: true }))
  }
  return rest
}

function clearCookies(exchange: Exchange, credential: Credential, headers: Headers): void {
  headers.append('set-cookie', exchange.jar.clear({ impersonation: true }))
  if (credential.from === 'impersonation-cookie') return
  headers.append('set-cookie', exchange.jar.clear())
  headers.set('clear-site-data', '"cache", "cookies", "storage"')
}

async function readParams(
  route: Route,
  request: Request,
  path: Record<string, string>,
): Promise<Record<string, unknown>> {
  const body = route.method === 'GET' ? {} : await readBody(request, { form: route.form ?? false })
  const query = route.method === 'GET' ? queryOf(request.url) : {}
  return { ...body, ...query, ...path }
}

const NUMBERS = new Set(['limit', 'since'])

function queryOf(url: string): Record<string, unknown> {
  const at = url.indexOf('?')
  if (at === -1) return {}
  const entries = [...new URLSearchParams(url.slice(at + 1))].map(([name, value]) => [
    name,
    NUMBERS.has(name) && /^\d{1,15}$/.test(value) ? Number(value) : value,
  ])
  return Object.fromEntries(entries)
}
