import { isThisMachine } from '../../core/address.ts'
import { LatchkeyError } from '../../core/errors.ts'
import type { SessionLogger } from '../session/token-file.ts'
import { readAnswer } from './read-answer.ts'

/** Options of `createHttpClient`. */
export interface HttpClientOptions {
  /** The URL of the server, with its path prefix if the routes are mounted under one. */
  readonly server: string
  /** The token, or a function that returns it before each request. Default: requests without one. */
  readonly token?: string | (() => string | undefined | Promise<string | undefined>)
  /** The `User-Agent` header; `latchkey-client` by default. */
  readonly userAgent?: string
  /** How long to wait for an answer, in milliseconds; one minute by default. */
  readonly timeoutMs?: number
  /** Receives one warning if secrets are sent to another machine without encryption. */
  readonly logger?: SessionLogger
}

/** The parts of a request besides its method and path. */
export interface HttpCall {
  /** The query; parameters that are undefined are left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>
  /** The body, sent as JSON. */
  readonly body?: unknown
  /** Aborts the request. */
  readonly signal?: AbortSignal
}

/** Returns a function that sends a request and reads the JSON of the answer. */
export function createSend({
  server,
  token,
  userAgent = 'latchkey-client',
  timeoutMs = 60_000,
  logger,
}: HttpClientOptions): <T>(method: string, path: string, call?: HttpCall) => Promise<T> {
  const base = server.replace(/\/+$/, '')
  let warned = !isUnencrypted(base)
  return async <T>(method: string, path: string, { query, body, signal }: HttpCall = {}) => {
    if (!warned) {
      warned = true
      logger?.warn(`secrets are sent to ${base} without encryption; use https.`)
    }
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': userAgent }
    const bearer = typeof token === 'function' ? await token() : token
    if (bearer !== undefined) headers['authorization'] = `Bearer ${bearer}`
    if (body !== undefined) headers['content-type'] = 'application/json'
    const deadline = AbortSignal.timeout(timeoutMs)
    const response = await send(`${base}${path}${queryText(query)}`, {
      method,
      headers,
      // A redirect would carry the token to another server.
      redirect: 'manual',
      signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return readAnswer<T>(response, base)
  }
}

function isUnencrypted(base: string): boolean {
  if (!URL.canParse(base)) {
    throw new LatchkeyError('invalid_request', 'server must be a URL such as https://example.org.')
  }
  const { protocol, hostname } = new URL(base)
  return protocol === 'http:' && !isThisMachine(hostname)
}

function queryText(query: HttpCall['query']): string {
  const entries = Object.entries(query ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  )
  return entries.length === 0 ? '' : `?${new URLSearchParams(entries)}`
}

async function send(url: string, init: RequestInit & { signal: AbortSignal }): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (cause) {
    const { origin } = new URL(url)
    if ((cause as Error).name === 'TimeoutError') {
      throw new LatchkeyError('timeout', `${origin} did not answer in time.`, { cause })
    }
    if (init.signal.aborted) throw cause
    throw new LatchkeyError(
      'unavailable',
      `No server answers at ${origin}. Start one with “latchkey serve”, or check the address.`,
      // The error of `fetch` only says that it failed; its cause has the system’s error code.
      { cause: (cause as Error).cause ?? cause },
    )
  }
}
