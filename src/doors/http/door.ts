import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Context, Hono } from 'hono'
import { createSessionEvents } from '../../connections/index.ts'
import { refusalOf, refuse } from '../../core/errors.ts'
import type { CallOptions } from '../../core/index.ts'
import {
  createClientAddress,
  createTrustedPeers,
  type HeaderReader,
  HttpRequestSource,
  isAllowedHost,
  NodeHeaders,
} from '../../http/index.ts'
import { answerRoute } from './answer.ts'
import { answerEvents } from './answer-events.ts'
import { isApplicationCommand } from './application-commands.ts'
import { createCors } from './cors.ts'
import { createSessionCookies } from './credentials.ts'
import type { HttpDoorOptions, RequestPeer } from './door-options.ts'
import { mountOAuth } from './oauth/endpoints.ts'
import { mountPlainRoutes } from './plain-routes.ts'
import { HttpRequest, type RouteBindings, requestId } from './request.ts'
import { COMMANDS_PATH, commandRoute, EVENTS_PATH, ROUTES, type Route } from './routes.ts'
import { JSON_HEADERS, whoAmI, writeAnswer } from './who-am-i.ts'

/** The HTTP door. */
export interface HttpDoor {
  /** Answers a request. Never rejects. Works wherever a `Request` is available. */
  fetch(request: Request, peer?: RequestPeer): Promise<Response>
  /**
   * Answers `GET /v1/session` on `node:http` directly, with the answer that `fetch` gives, but without the cost of a `Request` and a
   * `Response`. Returns false for every other request, which it does not touch.
   */
  answer(incoming: IncomingMessage, outgoing: ServerResponse, peer?: RequestPeer): boolean
}

type AppContext = Context<{ Bindings: RouteBindings }>

/** Makes the HTTP door of an authority and its commands. Throws `invalid_request` where the registry lacks a built-in command. */
export function createHttpDoor(options: HttpDoorOptions): HttpDoor {
  const { authority, pipeline, registry, onAnswered, onError } = options
  const prefix = (options.prefix ?? '').replace(/\/+$/, '')
  const development = options.development ?? false
  const allowedHosts = options.allowedHosts ?? []
  const publicOrigin = options.publicUrl === undefined ? null : new URL(options.publicUrl).origin
  const plain = development && publicOrigin?.startsWith('https:') !== true
  const cookies = createSessionCookies({ plain })
  const { corsOrigins = [], clearSiteData = false, trustedProxies = [] } = options
  const cors = createCors(corsOrigins, prefix)
  const clientAddress = createClientAddress(trustedProxies)
  const isTrusted = createTrustedPeers(trustedProxies)
  const context = { authority, pipeline, cookies, publicOrigin, prefix, clearSiteData }

  const servesHost = (host: string) => isAllowedHost(host, allowedHosts, development)
  const wrongHost = (record: HttpRequest) =>
    record.refuse(refuse('origin_refused', 'This host is not served here.'))

  const begin = (method: string, headers: HeaderReader, peer: RequestPeer): HttpRequest =>
    new HttpRequest(method, requestId(headers, isTrusted(peer.address)), peer)

  const reported = (error: unknown, request: Request): void => {
    // Do not report an error when the client has disconnected.
    if (refusalOf(error).code !== 'internal' || request.signal.aborted) return
    onError?.(error, pathOf(request.url))
  }
  const failed = (error: unknown, request: Request, record: HttpRequest): Response => {
    reported(error, request)
    return record.refuse(refusalOf(error))
  }

  const callerOf = ({ headers, signal }: Request, record: HttpRequest): CallOptions => ({
    door: 'http',
    address: clientAddress(headers, record.peerAddress),
    userAgent: headers.get('user-agent'),
    signal,
  })

  const answer = async (
    route: Route,
    path: Record<string, string>,
    c: AppContext,
  ): Promise<Response> => {
    const { raw } = c.req
    const record = c.env.request
    record.route = route.path
    const caller = callerOf(raw, record)
    return answerRoute(context, route, { request: raw, path, caller, record }).catch(
      (error: unknown) => failed(error, raw, record),
    )
  }

  const app = new Hono<{ Bindings: RouteBindings }>().basePath(prefix === '' ? '/' : prefix)
  mountOAuth(app, {
    authority,
    pipeline,
    verificationUri: options.oauth?.verificationUri ?? null,
    issuerOf: (request) => `${publicOrigin ?? new URL(request.url).origin}${prefix}`,
    callerOf,
    onError: reported,
  })
  for (const route of ROUTES) {
    app.on(route.method, route.path, (c: AppContext) =>
      answer(route, c.req.param() as Record<string, string>, c),
    )
  }
  const notFound = (c: AppContext) =>
    c.env.request.refuse(refuse('not_found', 'There is no such route.'))
  app.post(`${COMMANDS_PATH}/:name`, (c) => {
    const name = c.req.param('name')
    if (!isApplicationCommand(registry, name)) return notFound(c)
    return answer({ ...commandRoute(name), path: `${COMMANDS_PATH}/:name` }, {}, c)
  })
  if (options.connections !== undefined) {
    const { connections, maxEventStreams } = options
    const bound = maxEventStreams === undefined ? {} : { maxStreams: maxEventStreams }
    const events = createSessionEvents({ authority, connections, ...bound })
    app.get(EVENTS_PATH, async (c: AppContext) => {
      const { raw } = c.req
      const record = c.env.request
      record.route = EVENTS_PATH
      return answerEvents(context, events, raw, { caller: callerOf(raw, record), record }).catch(
        (error: unknown) => failed(error, raw, record),
      )
    })
  }
  mountPlainRoutes(app, options, prefix)
  app.notFound(notFound)
  app.onError((error, c) => failed(error, c.req.raw, c.env.request))

  const whoAmIPath = `${prefix}/v1/session`
  const answerWhoAmI = (
    headers: HeaderReader,
    record: HttpRequest,
    request?: Request,
  ): Promise<string | Response> => {
    record.route = '/v1/session'
    const source = new HttpRequestSource(
      'http',
      headers,
      record.peerAddress,
      clientAddress,
      request,
    )
    return whoAmI(context, headers, source, record)
  }
  const respond = async (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    peer: RequestPeer,
  ): Promise<void> => {
    const headers = new NodeHeaders(incoming.headers)
    const record = begin('GET', headers, peer)
    let answer: string | Response
    try {
      answer = servesHost(headers.get('host') ?? '')
        ? await answerWhoAmI(headers, record)
        : wrongHost(record)
    } catch (error) {
      onError?.(error, whoAmIPath)
      answer = record.refuse(refusalOf(error))
    }
    onAnswered?.(record.answered(typeof answer === 'string' ? 200 : answer.status))
    await writeAnswer(outgoing, answer, record.id)
  }
  const serve = async (request: Request, record: HttpRequest): Promise<Response> => {
    if (request.method !== 'GET' || !isPath(request.url, whoAmIPath)) {
      return app.fetch(request, { request: record })
    }
    const answer = await answerWhoAmI(request.headers, record, request)
    return typeof answer === 'string' ? new Response(answer, { headers: JSON_HEADERS }) : answer
  }
  const respondTo = async (request: Request, record: HttpRequest): Promise<Response> => {
    const { headers, url } = request
    try {
      if (!servesHost(headers.get('host') ?? new URL(url).host)) return wrongHost(record)
      const path = pathOf(url)
      const preflight = cors.preflight(request, path)
      if (preflight !== null) return preflight
      return cors.allow(await serve(request, record), path, headers.get('origin'))
    } catch (error) {
      return failed(error, request, record)
    }
  }
  return {
    async fetch(request, peer = {}) {
      const record = begin(request.method, request.headers, peer)
      const response = await respondTo(request, record)
      response.headers.set('x-request-id', record.id)
      onAnswered?.(record.answered(response.status))
      return response
    },
    answer(incoming, outgoing, peer) {
      // With a query the pipeline reads it, as on every other route.
      if (incoming.method !== 'GET' || incoming.url !== whoAmIPath) return false
      if (corsOrigins.length > 0 && incoming.headers.origin !== undefined) return false
      const from = peer ?? { address: incoming.socket.remoteAddress ?? null }
      respond(incoming, outgoing, from).catch((error: unknown) => onError?.(error, whoAmIPath))
      return true
    },
  }
}

/** Whether a URL has a path, and no query. */
function isPath(url: string, path: string): boolean {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  return start !== -1 && url.length === start + path.length && url.endsWith(path)
}

// `new URL` costs more than the check of a session.
function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  if (start === -1) return '/'
  const end = url.slice(start).search(/[?#]/)
  return end === -1 ? url.slice(start) : url.slice(start, start + end)
}
