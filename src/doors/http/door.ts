import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Context, Hono } from 'hono'
import { refusalOf, refuse } from '../../core/errors.ts'
import {
  createClientAddress,
  createTrustedPeers,
  type HeaderReader,
  HttpRequestSource,
  isAllowedHost,
  NodeHeaders,
  requestId,
} from '../../http/index.ts'
import { answerRoute } from './answer.ts'
import { isApplicationCommand } from './application-commands.ts'
import { createSessionCookies } from './credentials.ts'
import type { HttpDoorOptions, RequestPeer } from './door-options.ts'
import { mountPlainRoutes } from './plain-routes.ts'
import { HttpRequest } from './request.ts'
import { COMMANDS_PATH, commandRoute, ROUTES, type Route } from './routes.ts'
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

/** What a route gets beside the request. */
export interface RouteBindings {
  readonly request: HttpRequest
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
  const trustedProxies = options.trustedProxies ?? []
  const clientAddress = createClientAddress(trustedProxies)
  const isTrusted = createTrustedPeers(trustedProxies)
  const context = { authority, pipeline, cookies, publicOrigin }

  const servesHost = (host: string) => isAllowedHost(host, allowedHosts, development)
  const wrongHost = (record: HttpRequest) =>
    record.refuse(refuse('origin_refused', 'This host is not served here.'))

  const begin = (method: string, headers: HeaderReader, peer: RequestPeer): HttpRequest =>
    new HttpRequest(method, requestId(headers, isTrusted(peer.address)), peer)

  const failed = (error: unknown, request: Request, record: HttpRequest): Response => {
    const refusal = refusalOf(error)
    // Do not report an error when the client has disconnected.
    if (refusal.code === 'internal' && !request.signal.aborted)
      onError?.(error, pathOf(request.url))
    return record.refuse(refusal)
  }

  const answer = async (
    route: Route,
    path: Record<string, string>,
    c: AppContext,
  ): Promise<Response> => {
    const { raw } = c.req
    const { headers, signal } = raw
    const record = c.env.request
    record.route = route.path
    const caller = {
      door: 'http',
      address: clientAddress(headers, record.peerAddress),
      userAgent: headers.get('user-agent'),
      signal,
    }
    return answerRoute(context, route, { request: raw, path, caller, record }).catch(
      (error: unknown) => failed(error, raw, record),
    )
  }

  const app = new Hono<{ Bindings: RouteBindings }>().basePath(prefix === '' ? '/' : prefix)
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
  const respondTo = async (request: Request, record: HttpRequest): Promise<Response> => {
    const { headers, method, url } = request
    try {
      if (!servesHost(headers.get('host') ?? new URL(url).host)) return wrongHost(record)
      if (method === 'GET' && isPath(url, whoAmIPath)) {
        const answer = await answerWhoAmI(headers, record, request)
        if (typeof answer !== 'string') return answer
        return new Response(answer, { headers: JSON_HEADERS })
      }
      return await app.fetch(request, { request: record })
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
      const from = peer ?? { address: incoming.socket.remoteAddress ?? null }
      respond(incoming, outgoing, from).catch((error: unknown) => onError?.(error, whoAmIPath))
      return true
    },
  }
}

/** Whether a URL has a path, and no query. `new URL` costs more than the check of a session. */
function isPath(url: string, path: string): boolean {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  return start !== -1 && url.length === start + path.length && url.endsWith(path)
}

function pathOf(url: string): string {
  return new URL(url).pathname
}
