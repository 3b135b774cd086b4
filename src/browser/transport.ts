import { LatchkeyClientError } from './answers.ts'

/** Where tokens are kept: `localStorage`, `sessionStorage`, or the same methods. */
export type TokenStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

/** Options of `createBrowserClient`. */
export interface BrowserClientOptions {
  /** The URL of the server, with its path prefix. By default the origin of the page. */
  readonly server?: string
  /**
   * `cookie` (default): the server sets a cookie that scripts cannot read. `bearer`: the client keeps
   * the token and the renewal code in `storage`.
   */
  readonly tokens?: 'cookie' | 'bearer'
  /** Where `bearer` keeps tokens: `localStorage` by default, which all tabs share. */
  readonly storage?: TokenStorage
}

/** The secrets of a bearer client. */
export interface BearerTokens {
  readonly token: string
  readonly renewal?: string | undefined
  /** When to exchange the renewal code, in epoch milliseconds. */
  readonly renewAt: number
}

/** The answer to a login or a renewal of a bearer client. */
export interface BearerAnswer {
  readonly session: { readonly expiresAt: number }
  readonly token?: string
  readonly renewal?: string
}

/** Sends requests with the credentials of the page, and renews bearer tokens. */
export interface Transport {
  /** The absolute URL of the server. */
  readonly base: string
  readonly bearer: boolean
  /** Returns the tokens that the tabs share; null without. */
  readTokens(): BearerTokens | null
  /** Keeps the tokens of an answer, and without a renewal code in it `renewal`. */
  keepTokens(answer: BearerAnswer, renewal?: string): void
  dropTokens(): void
  /** Sends a request. Renews the token first when half of its life has passed, or if it is refused. */
  send(url: string, init?: RequestInit): Promise<Response>
  /** Sends a request and returns the JSON of the answer; null for an empty one. */
  call<T>(method: string, path: string, body?: unknown): Promise<T>
}

/** A token is not renewed more often, whatever the clock of the client says. */
const SHORTEST_LIFE_MS = 60_000

/** Runs `work` while no other tab runs it under the same name; at once where there are no Web Locks. */
export function withLock<T>(
  name: string,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  return 'locks' in navigator
    ? navigator.locks.request(name, signal ? { signal } : {}, work)
    : work()
}

/** Makes the transport of a client. */
export function createTransport({
  server = '/',
  tokens = 'cookie',
  storage,
}: BrowserClientOptions): Transport {
  const base = new URL(server, location.href).href.replace(/\/$/, '')
  const bearer = tokens === 'bearer'
  const key = `latchkey ${base}`
  const store = () => storage ?? localStorage
  const readTokens = (): BearerTokens | null =>
    bearer ? JSON.parse(store().getItem(key) ?? 'null') : null
  const keepTokens: Transport['keepTokens'] = ({ token, renewal, session }, kept) => {
    if (!bearer || !token) return
    const now = Date.now()
    const renewAt = now + Math.max((session.expiresAt - now) / 2, SHORTEST_LIFE_MS)
    const next: BearerTokens = { token, renewal: renewal ?? kept, renewAt }
    store().setItem(key, JSON.stringify(next))
  }

  const sendOnce = async (url: string, init: RequestInit, used: BearerTokens | null) => {
    const headers = new Headers(init.headers)
    // A token goes to no other server.
    const own = new URL(url, location.href).origin === new URL(base).origin
    if (used && own) headers.set('authorization', `Bearer ${used.token}`)
    try {
      return await fetch(url, { credentials: 'same-origin', ...init, headers })
    } catch (error) {
      if (init.signal?.aborted) throw error
      throw new LatchkeyClientError(0, {})
    }
  }

  /** Returns whether there are newer tokens than those that were used. */
  const renew = ({ token, renewal }: BearerTokens) =>
    withLock(`${key} renewal`, async () => {
      const held = readTokens()
      // Another tab has renewed it, or has logged out.
      if (held?.token !== token) return held !== null
      const response = await sendOnce(`${base}/v1/session/renew`, jsonOf('POST', { renewal }), null)
      if (response.ok) keepTokens(await response.json())
      else if (response.status !== 401) throw await errorOf(response)
      return response.ok
    })

  const send: Transport['send'] = async (url, init = {}) => {
    const held = readTokens()
    // A failure here is no failure of the request: the token is still valid.
    if (held?.renewal && Date.now() >= held.renewAt) await renew(held).catch(() => {})
    const used = readTokens()
    const response = await sendOnce(url, init, used)
    const invalid = response.headers.get('www-authenticate')?.includes('invalid_token')
    if (!invalid || !used?.renewal || !(await renew(used))) return response
    return sendOnce(url, init, readTokens())
  }

  return {
    base,
    bearer,
    readTokens,
    keepTokens,
    dropTokens() {
      if (bearer) store().removeItem(key)
    },
    send,
    async call(method, path, body) {
      const response = await send(base + path, jsonOf(method, body))
      if (!response.ok) throw await errorOf(response)
      return response.status === 204 ? null : response.json()
    },
  }
}

function jsonOf(method: string, body: unknown): RequestInit {
  return body === undefined
    ? { method }
    : { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
}

/** Returns the error of an answer. */
export async function errorOf(response: Response): Promise<LatchkeyClientError> {
  const body = await response.json().catch(() => ({}))
  return new LatchkeyClientError(response.status, body, response.headers.get('retry-after'))
}
