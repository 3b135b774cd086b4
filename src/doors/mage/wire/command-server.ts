import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { CallOptions } from '../../../core/index.ts'
import { type BatchRunner, runBatch } from './batch.ts'
import { type Batch, readBatch } from './batch-request.ts'
import { readBody } from './body.ts'
import { type CorsOptions, corsHeaders } from './cors.ts'
import { favicon } from './favicon.ts'
import type { MageLimits } from './limits.ts'
import { isMultipart, readMultipart } from './multipart.ts'
import { sendBatch, sendEmpty, sendFile, sendStatus } from './response.ts'
import { readTarget, type Target } from './target.ts'

export interface CommandServerOptions {
  readonly app: string
  /** Where `check.txt` lies; null for nowhere. */
  readonly root: string | null
  readonly limits: MageLimits
  readonly cors: CorsOptions | null
  readonly runner: BatchRunner
  readonly callerOf: (request: IncomingMessage) => CallOptions
  readonly allowsHost: (request: IncomingMessage) => boolean
  readonly onError: (error: unknown, what: string) => void
}

export interface CommandServer {
  owns(request: Pick<IncomingMessage, 'url'>): boolean
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>
}

/** One request under way. */
interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The headers that the answer begins with. */
  readonly first: readonly string[]
}

type Route = Target | { readonly kind: 'favicon' } | { readonly kind: 'check' }

const FAVICON: Route = { kind: 'favicon' }
const CHECK: Route = { kind: 'check' }

/** Serves batches of commands, and the two files that MAGE serves beside them. */
export function createCommandServer(options: CommandServerOptions): CommandServer {
  const { app, root, runner, onError } = options
  const icon = favicon()

  const routeOf = (url: string): Route | null => {
    if (url === '/favicon.ico') return FAVICON
    if (url === '/check.txt') return root === null ? null : CHECK
    return readTarget(url, app)
  }

  const answerBatch = async (
    { request, response, first }: Exchange,
    { names, query }: Extract<Target, { kind: 'commands' }>,
  ): Promise<void> => {
    const body = await readBody(request, options.limits.bodyBytes)
    if (body === null) return void response.destroy()
    if (!body.ok) return sendStatus(response, 413, first)
    const batch = await parse(request, names, body.bytes, options)
    if (batch === null) return sendStatus(response, 400, first)
    const queryId = query === '' ? null : new URLSearchParams(query).get('queryId') || null
    const caller = options.callerOf(request)
    const answer = await runBatch(runner, { batch, queryId, caller })
    if (answer === null) return sendStatus(response, 500, first)
    await sendBatch(response, answer, {
      accepts: request.headers['accept-encoding'] as string | undefined,
      first,
    })
  }

  const answer = async (exchange: Exchange, route: Route): Promise<void> => {
    const { request, response, first } = exchange
    if (!options.allowsHost(request)) return sendStatus(response, 403, first)
    if (route.kind === 'missing') return sendEmpty(response, 404, first)
    if (request.method === 'OPTIONS') return sendEmpty(response, 200, first)
    if (route.kind === 'favicon') return sendFile(response, 'image/x-icon', icon, first)
    if (route.kind === 'check') {
      const bytes = await readFile(join(root ?? '', 'check.txt')).catch(() => null)
      if (bytes === null) return sendEmpty(response, 404, first)
      return sendFile(response, 'text/plain; charset=UTF-8', bytes, first)
    }
    if (request.method === 'HEAD') return sendStatus(response, 200, first)
    return answerBatch(exchange, route)
  }

  return {
    owns: ({ url = '' }) => routeOf(url) !== null,
    async handle(request, response) {
      const route = routeOf(request.url ?? '')
      if (route === null) return false
      const first = corsHeaders(request, options.cors)
      try {
        await answer({ request, response, first }, route)
      } catch (error) {
        onError(error, 'mage')
        if (response.headersSent) response.destroy()
        else sendStatus(response, 500, first)
      }
      return true
    },
  }
}

async function parse(
  request: IncomingMessage,
  names: readonly string[],
  bytes: Buffer,
  { app, limits }: CommandServerOptions,
): Promise<Batch | null> {
  const type = request.headers['content-type']
  if (!isMultipart(type)) return readBatch(names, bytes.toString('utf8'), { app, limits })
  const parts = await readMultipart(bytes, type)
  return parts === null ? null : readBatch(names, parts.text, { app, limits, files: parts.files })
}
