import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { RequestRecord } from '../../../commands/index.ts'
import { refusalOf } from '../../../core/errors.ts'
import type { CallOptions } from '../../../core/index.ts'
import { type BatchRunner, runBatch } from './batch.ts'
import { readBatch } from './batch-request.ts'
import { readBody } from './body.ts'
import { type CorsOptions, corsHeaders } from './cors.ts'
import { favicon } from './favicon.ts'
import type { MageLimits } from './limits.ts'
import { isMultipart, readMultipart } from './multipart.ts'
import { compressed, sendBatch, sendEmpty, sendFile, sendStatus } from './response.ts'
import { readTarget, type Target } from './target.ts'

interface CommandServerOptions {
  readonly app: string
  /** The folder of `check.txt`; null if there is none. */
  readonly root: string | null
  readonly limits: MageLimits
  readonly cors: CorsOptions | null
  readonly runner: BatchRunner
  readonly callerOf: (request: IncomingMessage) => CallOptions
  readonly allowsHost: (request: IncomingMessage) => boolean
  readonly requestIdOf: (request: IncomingMessage) => string
  readonly onError: (error: unknown, what: string) => void
}

interface CommandServer {
  handle(request: IncomingMessage, response: ServerResponse): boolean
}

/** One request and its response. */
interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The headers with which the response starts, names and values in turn. */
  readonly headers: readonly string[]
  readonly requestId: string
}

type Route = Target | { readonly kind: 'favicon' } | { readonly kind: 'check' }

const FAVICON: Route = { kind: 'favicon' }
const CHECK: Route = { kind: 'check' }

/** Serves batches of commands, and the two files that MAGE serves too: `/favicon.ico` and `/check.txt`. */
export function createCommandServer(options: CommandServerOptions): CommandServer {
  const { app, root, limits, runner, onError } = options
  const icon = favicon()

  const routeOf = (url: string): Route | null => {
    if (url === '/favicon.ico') return FAVICON
    if (url === '/check.txt') return root === null ? null : CHECK
    return readTarget(url, app)
  }

  const answerBatch = async (
    { request, response, headers, requestId }: Exchange,
    { names, query }: Extract<Target, { kind: 'commands' }>,
  ): Promise<void> => {
    const body = await readBody(request, limits.bodyBytes)
    if (body === null) return void response.destroy()
    if (!body.ok) return sendStatus(response, 413, headers)
    const type = request.headers['content-type']
    const parts = isMultipart(type) ? readMultipart(body.bytes, type) : undefined
    const text = parts === undefined ? body.bytes.toString('utf8') : parts?.text
    const batch =
      text === undefined ? null : readBatch(names, text, { app, limits, files: parts?.files })
    if (batch === null) return sendStatus(response, 400, headers)
    const queryId = query === '' ? null : new URLSearchParams(query).get('queryId') || null
    const caller = options.callerOf(request)
    const answer = await runBatch(runner, { batch, queryId, caller, requestId })
    if (answer === null) return sendStatus(response, 500, headers)
    const encodings = request.headers['accept-encoding'] as string | undefined
    const zipped = compressed(answer, encodings)
    sendBatch(response, zipped === null ? answer : await zipped, headers)
  }

  const answerCheck = async ({ response, headers }: Exchange): Promise<void> => {
    const bytes = await readFile(join(root ?? '', 'check.txt')).catch(() => null)
    if (bytes === null) sendEmpty(response, 404, headers)
    else sendFile(response, 'text/plain; charset=UTF-8', bytes, headers)
  }

  const answer = (exchange: Exchange, route: Route): Promise<void> | void => {
    const { request, response, headers } = exchange
    if (!options.allowsHost(request)) return sendStatus(response, 403, headers)
    if (route.kind === 'missing') return sendEmpty(response, 404, headers)
    if (request.method === 'OPTIONS') return sendEmpty(response, 200, headers)
    if (route.kind === 'favicon') return sendFile(response, 'image/x-icon', icon, headers)
    if (route.kind === 'check') return answerCheck(exchange)
    if (request.method === 'HEAD') return sendStatus(response, 200, headers)
    return answerBatch(exchange, route)
  }

  return {
    handle(request, response) {
      const route = routeOf(request.url ?? '')
      if (route === null) return false
      const requestId = options.requestIdOf(request)
      const cors = corsHeaders(request, options.cors)
      // Only an answer to a proxy that sends ids has one: MAGE's answers have no such header.
      const sent = request.headers['x-request-id'] === requestId
      const headers = sent ? ['X-Request-Id', requestId, ...cors] : cors
      const record = new RequestRecord('mage', {
        id: requestId,
        method: 'command',
        route: '(batch)',
      })
      const fail = (error: unknown) => {
        const refusal = refusalOf(error)
        if (refusal.code === 'internal') onError(error, 'mage')
        runner.onAnswered?.(record.answered(refusal.code, refusal))
        if (response.headersSent) response.destroy()
        else sendStatus(response, 500, headers)
      }
      try {
        answer({ request, response, headers, requestId }, route)?.catch(fail)
      } catch (error) {
        fail(error)
      }
      return true
    },
  }
}
