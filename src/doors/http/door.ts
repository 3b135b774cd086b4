import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Context, Hono } from 'hono'
import type { CommandRegistry, Pipeline } from '../../commands/index.ts'
import { forwardedAddress } from '../../core/address.ts'
import { refusalOf, refuse } from '../../core/errors.ts'
import type { Authority, CallOptions } from '../../core/index.ts'
import { answerRoute, type Exchange } from './answer.ts'
import { createCookieJar, type HeaderReader, isAllowedHost } from './credentials.ts'
import { docsPage } from './docs-page.ts'
import { describeApi } from './openapi.ts'
import { problem } from './problem.ts'
import { ROUTES, type Route } from './routes.ts'
import { Checking, JSON_HEADERS, readerOf, whoAmI, writeAnswer } from './who-am-i.ts'

export interface HttpDoorOptions {
  readonly authority: Authority
  readonly pipeline: Pipeline
  /** For the reference at `/openapi.json` and `/docs`. */
  readonly registry: CommandRegistry
  /** Plain cookie names, and only loopback `Host` headers. False by default. */
  readonly development?: boolean
  /** What stands before every path: `/auth`. Nothing by default. */
  readonly prefix?: string
  /** Proxies whose `X-Forwarded-For` is trusted: addresses or CIDR prefixes. None by default. */
  readonly trustedProxies?: readonly string[]
  /** `Host` headers that are served; any by default in production. */
  readonly allowedHosts?: readonly string[]
  /** The origin that browsers see, where a proxy hides it: `https://login.example`. */
  readonly publicUrl?: string
  /** Whether traffic should come here; false while starting and draining. */
  readonly ready?: () => boolean
  readonly metrics?: () => Promise<{ contentType: string; body: string }>
  /** Told of every answer: the route's template and the status. */
  readonly onAnswer?: (route: string, status: number) => void
  /** Told of errors that are not the caller's. */
  readonly onError?: (error: unknown, what: string) => void
}

/** What the server below knows of a request and a `Request` does not say. */
export interface RequestPeer {
  /** The peer's address. */
  readonly address?: string | null
}

/** The HTTP door: `fetch`-shaped, so that it mounts wherever a `Request` can be had. Never throws. */
export interface HttpDoor {
  fetch(request: Request, peer?: RequestPeer): Promise<Response>
  /**
   * Answers the check of a session on `node:http` itself, without the cost of a `Request` and a `Response`: the same answer. False,
   * with nothing done, for every other request.
   */
  answer(incoming: IncomingMessage, outgoing: ServerResponse): boolean
}

type AppContext = Context<{ Bindings: RequestPeer }>

/** Makes the HTTP door over an authority and its commands. */
export function createHttpDoor(options: HttpDoorOptions): HttpDoor {
  const prefix = (options.prefix ?? '').replace(/\/+$/, '')
  const development = options.development ?? false
  const allowedHosts = options.allowedHosts ?? []
  const trusted = options.trustedProxies ?? []
  const publicOrigin = options.publicUrl === undefined ? null : new URL(options.publicUrl).origin
  const jar = createCookieJar({ plain: development && publicOrigin?.startsWith('https:') !== true })
  const exchange: Exchange = { ...options, jar, publicOrigin }

  const addressOf = (headers: HeaderReader, peer: string | null) => {
    const forwardedFor = trusted.length === 0 ? null : headers.get('x-forwarded-for')
    return forwardedAddress({ peer, forwardedFor, trusted })
  }

  const servesHost = (host: string) => isAllowedHost(host, allowedHosts, development)
  const foreignHost = () => problem(refuse('origin_refused', 'This host is not served here.'))

  const failed = (error: unknown, request: Request): Response => {
    const refusal = refusalOf(error)
    // Of a client that went away nothing is to be told, and it is told nothing.
    if (refusal.code === 'internal' && !request.signal.aborted) {
      options.onError?.(error, pathOf(request.url))
    }
    return problem(refusal)
  }

  const answer = async (route: Route, c: AppContext): Promise<Response> => {
    if (route.query !== undefined && c.req.query(route.query.name) !== route.query.value) {
      const { name, value } = route.query
      return problem(refuse('invalid_request', `Say ?${name}=${value}.`))
    }
    return answerRoute(exchange, route, {
      request: c.req.raw,
      path: c.req.param() as Record<string, string>,
      caller: {
        door: 'http',
        address: addressOf(c.req.raw.headers, c.env.address ?? null),
        userAgent: c.req.raw.headers.get('user-agent'),
        signal: c.req.raw.signal,
      },
    })
  }

  const app = new Hono<{ Bindings: RequestPeer }>().basePath(prefix === '' ? '/' : prefix)
  for (const route of ROUTES) {
    app.on(route.method, route.path, async (c: AppContext) => {
      const response = await answer(route, c).catch((error: unknown) => failed(error, c.req.raw))
      options.onAnswer?.(`${route.method} ${route.path}`, response.status)
      return response
    })
  }
  mountPlainRoutes(app, options, prefix)
  app.notFound(() => problem(refuse('not_found', 'There is nothing here.')))
  app.onError((error, c) => failed(error, c.req.raw))

  const whoAmIPath = `${prefix}/v1/session`
  const answerWhoAmI = async (headers: HeaderReader, caller: CallOptions) => {
    const answer = await whoAmI({ authority: options.authority, jar }, headers, caller)
    options.onAnswer?.('GET /v1/session', typeof answer === 'string' ? 200 : answer.status)
    return answer
  }
  return {
    async fetch(request, peer) {
      try {
        if (!servesHost(hostOf(request))) return foreignHost()
        if (request.method === 'GET' && pathOf(request.url) === whoAmIPath) {
          const caller = new Checking(request.headers, peer?.address ?? null, addressOf, request)
          const answer = await answerWhoAmI(request.headers, caller)
          return typeof answer === 'string'
            ? new Response(answer, { headers: JSON_HEADERS })
            : answer
        }
        return await app.fetch(request, peer ?? {})
      } catch (error) {
        return failed(error, request)
      }
    },
    answer(incoming, outgoing) {
      const { url, method } = incoming
      if (method !== 'GET' || (url !== whoAmIPath && url?.startsWith(`${whoAmIPath}?`) !== true))
        return false
      const headers = readerOf(incoming)
      const answered = servesHost(headers.get('host') ?? '')
        ? answerWhoAmI(
            headers,
            new Checking(headers, incoming.socket.remoteAddress ?? null, addressOf),
          )
        : Promise.resolve(foreignHost())
      answered
        .catch((error: unknown) => {
          options.onError?.(error, whoAmIPath)
          return problem(refusalOf(error))
        })
        .then((answer) => writeAnswer(outgoing, answer))
        .catch((error: unknown) => options.onError?.(error, whoAmIPath))
      return true
    },
  }
}

function hostOf(request: Request): string {
  return request.headers.get('host') ?? new URL(request.url).host
}

// `new URL` costs more than the check of a session.
function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  if (start === -1) return '/'
  const end = url.slice(start).search(/[?#]/)
  return end === -1 ? url.slice(start) : url.slice(start, start + end)
}

function mountPlainRoutes(
  app: Hono<{ Bindings: RequestPeer }>,
  options: HttpDoorOptions,
  prefix: string,
): void {
  const json = (value: unknown) => new Response(JSON.stringify(value), { headers: JSON_HEADERS })
  app.get('/healthz', () => json({ status: 'ok' }))
  app.get('/readyz', async () => {
    if (options.ready?.() === false) {
      return problem(refuse('unavailable', 'Starting or stopping.', { retryAfterMs: 1000 }))
    }
    await options.authority.ping()
    return json({ status: 'ready' })
  })
  app.get('/metrics', async () => {
    if (options.metrics === undefined) return problem(refuse('not_found', 'No metrics are kept.'))
    const { contentType, body } = await options.metrics()
    return new Response(body, {
      headers: { 'content-type': contentType, 'cache-control': 'no-store' },
    })
  })
  const description = describeApi(options.registry, prefix)
  app.get('/openapi.json', () => json(description))
  app.get('/docs', () => docsPage(description))
}
