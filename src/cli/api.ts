import { isThisMachine } from '../core/address.ts'
import { ERROR_TABLE, type ErrorCode, LatchkeyError } from '../core/errors.ts'
import { version } from './version.ts'

export interface ApiOptions {
  /** The URL of the server, with its path prefix if the routes are mounted under one. */
  readonly server: string
  /** Returns the token, or undefined for a request without one. */
  readonly token: () => Promise<string | undefined>
}

export interface ApiCall {
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: unknown
}

/** A client of a running server. */
export interface Api {
  readonly server: string
  /**
   * Sends a request and returns the JSON of the answer, or null. Throws the server’s refusal with its code, `unavailable` if
   * no Latchkey server answers, or `timeout` after one minute.
   */
  request<T>(method: string, path: string, call?: ApiCall): Promise<T>
  /** Reads a listing page by page, at most `limit` items. */
  pages<T>(
    path: string,
    key: string,
    query: ApiCall['query'],
    limit: number,
  ): AsyncGenerator<readonly T[], { readonly more: boolean }>
}

const TIMEOUT_MS = 60_000
const PAGE = 1000

/** Makes a client of a server’s HTTP API. */
export function createApi({ server, token }: ApiOptions): Api {
  const base = server.replace(/\/+$/, '')
  let warned = !isUnencrypted(base)
  const request = async <T>(method: string, path: string, call: ApiCall = {}): Promise<T> => {
    if (!warned) {
      warned = true
      process.stderr.write(
        `latchkey: warning: secrets are sent to ${base} without encryption; use https.\n`,
      )
    }
    const headers: Record<string, string> = {
      accept: 'application/json',
      'user-agent': `latchkey-cli/${version}`,
    }
    const bearer = await token()
    if (bearer !== undefined) headers['authorization'] = `Bearer ${bearer}`
    if (call.body !== undefined) headers['content-type'] = 'application/json'
    const response = await send(`${base}${path}${queryText(call.query)}`, {
      method,
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    })
    return read<T>(response, base)
  }
  return createApiFrom(base, request)
}

/** Makes a client from a function that sends one request. */
export function createApiFrom(server: string, request: Api['request']): Api {
  return {
    server,
    request,
    async *pages<T>(path: string, key: string, query: ApiCall['query'], limit: number) {
      let after: string | undefined
      let left = limit
      do {
        const page = await request<Record<string, unknown>>('GET', path, {
          query: { ...query, limit: Math.min(left, PAGE), after },
        })
        const items = page[key]
        if (!Array.isArray(items)) throw notLatchkey(server, 200)
        yield items as T[]
        left -= items.length
        after = typeof page['next'] === 'string' ? page['next'] : undefined
      } while (after !== undefined && left > 0)
      return { more: after !== undefined }
    },
  }
}

function isUnencrypted(base: string): boolean {
  const { protocol, hostname } = new URL(base)
  return protocol === 'http:' && !isThisMachine(hostname)
}

function queryText(query: ApiCall['query']): string {
  const entries = Object.entries(query ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  )
  return entries.length === 0 ? '' : `?${new URLSearchParams(entries)}`
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (cause) {
    const { origin } = new URL(url)
    if ((cause as Error).name === 'TimeoutError') {
      throw new LatchkeyError('timeout', `${origin} did not answer in time.`, { cause })
    }
    throw new LatchkeyError(
      'unavailable',
      `No server answers at ${origin}. Start one with “latchkey serve”, or name another with --server.`,
      // The error of `fetch` only says that it failed; its cause has the system’s error code.
      { cause: (cause as Error).cause ?? cause },
    )
  }
}

async function read<T>(response: Response, base: string): Promise<T> {
  const type = response.headers.get('content-type') ?? ''
  const text = await response.text()
  let body: unknown = null
  if (/^application\/([\w.-]+\+)?json\b/.test(type)) {
    try {
      body = JSON.parse(text)
    } catch (cause) {
      throw notLatchkey(base, response.status, cause)
    }
  } else if (text !== '' || !response.ok) {
    throw notLatchkey(base, response.status)
  }
  if (response.ok) return body as T
  throw refused(response, body, base)
}

function refused(response: Response, body: unknown, base: string): LatchkeyError {
  const { code, detail, issues, reason, sessions } = (body ?? {}) as Record<string, unknown>
  if (typeof code !== 'string' || !Object.hasOwn(ERROR_TABLE, code))
    return notLatchkey(base, response.status)
  const wait = Number(response.headers.get('retry-after') ?? Number.NaN)
  const text = typeof detail === 'string' ? detail : `The server answered ${response.status}.`
  return new LatchkeyError(code as ErrorCode, text, {
    ...(Number.isFinite(wait) ? { retryAfterMs: wait * 1000 } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(Array.isArray(issues) ? { issues } : {}),
    ...(Array.isArray(sessions) ? { sessions } : {}),
  })
}

function notLatchkey(base: string, status: number, cause?: unknown): LatchkeyError {
  const message = `${base} is not a Latchkey server (it answered with status ${status}).`
  return new LatchkeyError('unavailable', message, { cause })
}
