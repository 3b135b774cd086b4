import type { ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

const compress = promisify(gzip)

const NO_CACHE = ['pragma', 'no-cache'] as const
const JSON_TYPE = ['content-type', 'application/json; charset=UTF-8'] as const
const GZIP = ['content-encoding', 'gzip'] as const
const COMPRESSED_FROM = 4096

/** Answers with nothing but a status. */
export function sendStatus(
  response: ServerResponse,
  status: number,
  first: readonly string[] = [],
): void {
  writeHead(response, status, [...first, ...NO_CACHE])
  response.end()
}

/** Answers that there is nothing, or that all is well, with a body of no length. */
export function sendEmpty(
  response: ServerResponse,
  status: 200 | 404,
  first: readonly string[] = [],
): void {
  writeHead(response, status, [...first, 'content-length', '0'])
  response.end()
}

/** Answers with a body whose length is known. */
export function sendFile(
  response: ServerResponse,
  type: string,
  bytes: Buffer,
  first: readonly string[] = [],
): void {
  const length = String(bytes.length)
  writeHead(response, 200, [...first, 'content-type', type, 'content-length', length])
  response.end(bytes)
}

/** Answers a batch: JSON, compressed from 4,096 characters on for a client that accepts exactly `gzip`. */
export async function sendBatch(
  response: ServerResponse,
  body: string,
  options: { readonly accepts: string | undefined; readonly first: readonly string[] },
): Promise<void> {
  const { accepts, first } = options
  const compressed = body.length >= COMPRESSED_FROM && acceptsGzip(accepts)
  const bytes = compressed ? await compress(body) : body
  writeHead(response, 200, [...first, ...JSON_TYPE, ...(compressed ? GZIP : []), ...NO_CACHE])
  response.end(bytes)
}

function acceptsGzip(accepts: string | undefined): boolean {
  return accepts?.split(/\s*,\s*/).includes('gzip') === true
}

// `Date` and `Connection` are written out to stand where MAGE has them, and without a `Keep-Alive` between.
function writeHead(response: ServerResponse, status: number, headers: string[]): void {
  const closes = /close/i.test(String(response.getHeader('connection') ?? ''))
  const stays = response.shouldKeepAlive && !closes && status !== 413
  headers.push('Date', httpDate(), 'Connection', stays ? 'keep-alive' : 'close')
  response.writeHead(status, headers)
}

let dateText = ''
let dateSecond = 0

function httpDate(): string {
  const now = Date.now()
  const second = Math.floor(now / 1000)
  if (second !== dateSecond) {
    dateSecond = second
    dateText = new Date(now).toUTCString()
  }
  return dateText
}
