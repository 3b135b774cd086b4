import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Context, Hono } from 'hono'
import { refusalOf, refuse } from '../../core/errors.ts'
import type { CallOptions } from '../../core/index.ts'
import {
  createClientAddress,
  type HeaderReader,
  HttpRequestSource,
  isAllowedHost,
  NodeHeaders,
  problem,
} from '../../http/index.ts'
import { answerRoute } from './answer.ts'
import { isApplicationCommand } from './application-commands.ts'
import { createCors } from './cors.ts'
import { createSessionCookies } from './credentials.ts'
import type { HttpDoorOptions, RequestPeer } from './door-options.ts'
import { mountOAuth } from './oauth/endpoints.ts'
import { mountPlainRoutes } from './plain-routes.ts'
import { COMMANDS_PATH, commandRoute, EVENTS_PATH, ROUTES, type Route } from './routes.ts'
import { answerEvents, createSessionEvents } from './session-events.ts'
import { JSON_HEADERS, whoAmI, writeAnswer } from './who-am-i.ts'

/** The HTTP door. */
export interface HttpDoor {
  /** Answers a request. Never rejects. Works wherever a `Request` is available. */
  fetch(request: Request, peer?: RequestPeer): Promise<Response>
  /**
   * Answers `GET /v1/session` on `node:http` directly, with the answer that `fetch` gives, but without the cost of a `Request` and a
   * `Response`. Returns false for every other request, which it does not touch.
   */
  answer(incoming: IncomingMessage, outgoing: ServerResponse): boolean
}

type AppContext = Context<{ Bindings: RequestPeer }>

/** Makes the HTTP door of an authority and its commands. Throws `invalid_request` where the registry lacks a built-in command. */
export function createHttpDoor(options: HttpDoorOptions): HttpDoor {
  const { authority, pipeline, registry, onAnswer, onError } = options
  const prefix = (options.prefix ?? '').replace(/\/+$/, '')
  const development = options.development ?? false
  const allowedHosts = options.allowedHosts ?? []
  const publicOrigin = options.publicUrl === undefined ? null : new URL(options.publicUrl).origin
  const plain = development && publicOrigin?.startsWith('https:') !== true
  const cookies = createSessionCookies({ plain })
  const { corsOrigins = [] } = options
  const cors = createCors(corsOrigins, prefix)
  const clientAddress = createClientAddress(options.trustedProxies ?? [])
  const { clearSiteData = false } = options
  const context = { authority, pipeline, cookies, publicOrigin, prefix, clearSiteData }

  const servesHost = (host: string) => isAllowedHost(host, allowedHosts, development)
  const wrongHost = () => problem(refuse('origin_refused', 'This host is not served here.'))

  const reported = (error: unknown, request: Request): void => {
    // Do not report an error when the client has disconnected.
    if (refusalOf(error).code !== 'internal' || request.signal.aborted) return
    onError?.(error, pathOf(request.url))
  }
  const failed = (error: unknown, request: Request): Response => {
    reported(error, request)
    return problem(refusalOf(error))
  }

  const callerOf = ({ headers, signal }: Request, peer: RequestPeer): CallOptions => ({
    door: 'http',
    address: clientAddress(headers, peer.address ?? null),
    userAgent: headers.get('user-agent'),
    signal,
  })

  const answer = async (
    template: string,
    route: Route,
    path: Record<string, string>,
    c: AppContext,
  ): Promise<Response> => {
    const request = c.req.raw
    const caller = callerOf(request, c.env)
    const response = await answerRoute(context, route, { request, path, caller }).catch(
      (error: unknown) => failed(error, request),
    )
    onAnswer?.(template, response.status)
    return response
  }

  const app = new Hono<{ Bindings: RequestPeer }>().basePath(prefix === '' ? '/' : prefix)
  mountOAuth(app, {
    authority,
    pipeline,
    verificationUri: options.oauth?.verificationUri ?? null,
    issuerOf: (request) => `${publicOrigin ?? new URL(request.url).origin}${prefix}`,
    callerOf,
    onAnswer: (template, status) => onAnswer?.(template, status),
    onError: reported,
  })
  for (const route of ROUTES) {
    const template = `${route.method} ${route.path}`
    app.on(route.method, route.path, (c: AppContext) => {
      const { query } = route
      if (query !== undefined && c.req.query(query.name) !== query.value) {
        onAnswer?.(template, 400)
        return problem(refuse('invalid_request', `Send ?${query.name}=${query.value}.`))
      }
      return answer(template, route, c.req.param() as Record<string, string>, c)
    })
  }
  const notFound = () => problem(refuse('not_found', 'There is no such route.'))
  app.post(`${COMMANDS_PATH}/:name`, (c) => {
    const name = c.req.param('name')
    if (!isApplicationCommand(registry, name)) return notFound()
    return answer(`POST ${COMMANDS_PATH}/:name`, commandRoute(name), {}, c)
  })
  if (options.connections !== undefined) {
    const { connections, maxEventStreams: maxStreams = 10_000 } = options
    const events = createSessionEvents({ connections, maxStreams })
    app.get(EVENTS_PATH, async (c: AppContext) => {
      const response = await answerEvents(
        context,
        events,
        c.req.raw,
        callerOf(c.req.raw, c.env),
      ).catch((error: unknown) => failed(error, c.req.raw))
      onAnswer?.(`GET ${EVENTS_PATH}`, response.status)
      return response
    })
  }
  mountPlainRoutes(app, options, prefix)
  app.notFound(notFound)
  app.onError((error, c) => failed(error, c.req.raw))

  const whoAmIPath = `${prefix}/v1/session`
  const answerWhoAmI = async (
    headers: HeaderReader,
    peer: string | null | undefined,
    request?: Request,
  ): Promise<string | Response> => {
    const source = new HttpRequestSource('http', headers, peer ?? null, clientAddress, request)
    const answer = await whoAmI(context, headers, source)
    onAnswer?.('GET /v1/session', typeof answer === 'string' ? 200 : answer.status)
    return answer
  }
  const respond = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const headers = new NodeHeaders(incoming.headers)
    let answer: string | Response
    try {
      answer = servesHost(headers.get('host') ?? '')
        ? await answerWhoAmI(headers, incoming.socket.remoteAddress)
        : wrongHost()
    } catch (error) {
      onError?.(error, whoAmIPath)
      answer = problem(refusalOf(error))
    }
    await writeAnswer(outgoing, answer)
  }
  const serve = async (request: Request, path: string, peer: RequestPeer | undefined) => {
    if (request.method !== 'GET' || path !== whoAmIPath) return app.fetch(request, peer ?? {})
    const answer = await answerWhoAmI(request.headers, peer?.address, request)
    return typeof answer === 'string' ? new Response(answer, { headers: JSON_HEADERS }) : answer
  }
  return {
    async fetch(request, peer) {
      const { headers, url } = request
      try {
        if (!servesHost(headers.get('host') ?? new URL(url).host)) return wrongHost()
        const path = pathOf(url)
        const preflight = cors.preflight(request, path)
        if (preflight !== null) return preflight
        return cors.allow(await serve(request, path, peer), path, headers.get('origin'))
      } catch (error) {
        return failed(error, request)
      }
    },
    answer(incoming, outgoing) {
      const { url, method } = incoming
      if (corsOrigins.length > 0 && incoming.headers.origin !== undefined) return false
      if (method !== 'GET' || (url !== whoAmIPath && url?.startsWith(`${whoAmIPath}?`) !== true))
        return false
      respond(incoming, outgoing).catch((error: unknown) => onError?.(error, whoAmIPath))
      return true
    },
  }
}

// `new URL` costs more than the check of a session.
function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  if (start === -1) return '/'
  const end = url.slice(start).search(/[?#]/)
  return end === -1 ? url.slice(start) : url.slice(start, start + end)
}
