import { isThisMachine } from '../core/address.ts'
import { ERROR_TABLE, type ErrorCode, LatchkeyError } from '../core/errors.ts'
import { version } from './version.ts'

export interface ApiOptions {
  /** The origin of the server, with a prefix if it is mounted under one. */
  readonly server: string
  /** Finds the token; undefined for a call without one. */
  readonly token: () => Promise<string | undefined>
}

export interface ApiCall {
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: unknown
}

/** A running server, as the command line talks to it. */
export interface Api {
  readonly server: string
  /**
   * Asks; the answer is the JSON it gave, or null. Throws what the server refused with, by its code, or `unavailable` where
   * there is none.
   */
  ask<T>(method: string, path: string, call?: ApiCall): Promise<T>
  /** The pages of a listing, until `limit` items have come. */
  pages<T>(
    path: string,
    key: string,
    query: ApiCall['query'],
    limit: number,
  ): AsyncGenerator<readonly T[], { readonly more: boolean }>
}

const TIMEOUT_MS = 60_000
const PAGE = 1000

/** Makes the client of a server’s HTTP API. */
export function createApi({ server, token }: ApiOptions): Api {
  const base = server.replace(/\/+$/, '')
  let warned = !travelsInClear(base)
  const ask = async <T>(method: string, path: string, call: ApiCall = {}): Promise<T> => {
    if (!warned) {
      warned = true
      process.stderr.write(`latchkey: warning: secrets travel to ${base} in clear; use https.\n`)
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
  return apiOf(base, ask)
}

/** Makes of one way to ask the whole client. */
export function apiOf(server: string, ask: Api['ask']): Api {
  return {
    server,
    ask,
    async *pages<T>(path: string, key: string, query: ApiCall['query'], limit: number) {
      let after: string | undefined
      let left = limit
      do {
        const page = await ask<Record<string, unknown>>('GET', path, {
          query: { ...query, limit: Math.min(left, PAGE), after },
        })
        const items = page[key]
        if (!Array.isArray(items)) throw stranger(server, 200)
        yield items as T[]
        left -= items.length
        after = typeof page['next'] === 'string' ? page['next'] : undefined
      } while (after !== undefined && left > 0)
      return { more: after !== undefined }
    },
  }
}

function travelsInClear(base: string): boolean {
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
      `No server answers at ${origin}: start one with “latchkey serve”, or name another with --server.`,
      // `fetch` only says that it failed; why is the cause of that.
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
      throw stranger(base, response.status, cause)
    }
  } else if (text !== '' || !response.ok) {
    throw stranger(base, response.status)
  }
  if (response.ok) return body as T
  throw refused(response, body, base)
}

function refused(response: Response, body: unknown, base: string): LatchkeyError {
  const { code, detail, issues, reason } = (body ?? {}) as Record<string, unknown>
  if (typeof code !== 'string' || !Object.hasOwn(ERROR_TABLE, code))
    return stranger(base, response.status)
  const wait = Number(response.headers.get('retry-after') ?? Number.NaN)
  const text = typeof detail === 'string' ? detail : `The server answered ${response.status}.`
  return new LatchkeyError(code as ErrorCode, text, {
    ...(Number.isFinite(wait) ? { retryAfterMs: wait * 1000 } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(Array.isArray(issues) ? { issues } : {}),
  })
}

function stranger(base: string, status: number, cause?: unknown): LatchkeyError {
  const message = `What answers at ${base} (with ${status}) is no Latchkey server.`
  return new LatchkeyError('unavailable', message, { cause })
}
