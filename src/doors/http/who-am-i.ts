import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Authority, CallOptions, Refusal } from '../../core/index.ts'
import type { CookieJar, HeaderReader } from './credentials.ts'
import { droppedCookie } from './credentials.ts'
import { problem } from './problem.ts'

/** The headers of every JSON answer. */
export const JSON_HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

/**
 * Where a check comes from, read when it is asked for: one that is answered from memory asks for nothing. A class, because an
 * object made with getters costs as much as the check.
 */
export class Checking implements CallOptions {
  readonly door = 'http'
  readonly #headers: HeaderReader
  readonly #peer: string | null
  readonly #addressOf: (headers: HeaderReader, peer: string | null) => string | null
  readonly #request: Request | null

  constructor(
    headers: HeaderReader,
    peer: string | null,
    addressOf: (headers: HeaderReader, peer: string | null) => string | null,
    request: Request | null = null,
  ) {
    this.#headers = headers
    this.#peer = peer
    this.#addressOf = addressOf
    this.#request = request
  }

  get address(): string | null {
    return this.#addressOf(this.#headers, this.#peer)
  }

  get userAgent(): string | null {
    return this.#headers.get('user-agent')
  }

  get signal(): AbortSignal | undefined {
    return this.#request?.signal
  }
}

/**
 * Answers `GET /v1/session`: the one path on which every other service waits, so it passes no router and no middleware. The
 * body of a yes, or the problem of a no.
 */
export async function whoAmI(
  { authority, jar }: { authority: Authority; jar: CookieJar },
  headers: HeaderReader,
  caller: CallOptions,
): Promise<string | Response> {
  const credential = jar.read(headers)
  const check = await authority.authenticate(credential.token, caller)
  if (!check.ok) return refused(jar, credential, check)
  const { session, actor, impersonator } = check
  return JSON.stringify(
    impersonator === null ? { session, actor } : { session, actor, impersonator },
  )
}

function refused(jar: CookieJar, credential: ReturnType<CookieJar['read']>, refusal: Refusal) {
  return problem(refusal, droppedCookie(jar, credential, refusal))
}

/** Writes an answer of {@link whoAmI} to a response of `node:http`. */
export async function writeAnswer(
  outgoing: ServerResponse,
  answer: string | Response,
): Promise<void> {
  if (typeof answer === 'string') {
    outgoing.writeHead(200, { ...JSON_HEADERS, 'content-length': Buffer.byteLength(answer) })
    outgoing.end(answer)
    return
  }
  const body = await answer.text()
  const headers = Object.fromEntries(answer.headers)
  outgoing.writeHead(answer.status, { ...headers, 'content-length': Buffer.byteLength(body) })
  outgoing.end(body)
}

/** Reads the headers of a request of `node:http` as those of a `Request` are read. */
export function readerOf({ headers }: IncomingMessage): HeaderReader {
  return {
    get(name) {
      const value = headers[name]
      return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value
    },
  }
}
