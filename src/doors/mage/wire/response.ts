import type { ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

const compress = promisify(gzip)

const NO_CACHE = ['pragma', 'no-cache'] as const
const JSON_TYPE = ['content-type', 'application/json; charset=UTF-8'] as const
const CHUNKED = ['Transfer-Encoding', 'chunked'] as const
const GZIP = ['content-encoding', 'gzip'] as const
const COMPRESSED_FROM = 4096

/** Sends a response without a body and without a content length. */
export function sendStatus(
  response: ServerResponse,
  status: number,
  headers: readonly string[] = [],
): void {
  writeHead(response, status, [...headers, ...NO_CACHE])
  response.end()
}

/** Sends a response with the content length 0. */
export function sendEmpty(
  response: ServerResponse,
  status: 200 | 404,
  headers: readonly string[] = [],
): void {
  writeHead(response, status, [...headers, 'content-length', '0'])
  response.end()
}

/** Sends a response with a body and its length. */
export function sendFile(
  response: ServerResponse,
  type: string,
  bytes: Buffer,
  headers: readonly string[] = [],
): void {
  const length = String(bytes.length)
  writeHead(response, 200, [...headers, 'content-type', type, 'content-length', length])
  response.end(bytes)
}

/** Compresses a body of at least 4,096 characters for a client that accepts exactly `gzip`. Returns null for any other. */
export function compressed(body: string, encodings: string | undefined): Promise<Buffer> | null {
  if (body.length < COMPRESSED_FROM || encodings?.split(/\s*,\s*/).includes('gzip') !== true)
    return null
  return compress(body)
}

/** Sends the response to a batch: JSON, or compressed JSON, with chunked encoding. */
export function sendBatch(
  response: ServerResponse,
  body: string | Buffer,
  headers: readonly string[],
): void {
  const encoding = typeof body === 'string' ? [] : GZIP
  const all = [...headers, ...JSON_TYPE, ...encoding, ...NO_CACHE]
  // With the single chunk framed here, head and body are one write, which is measurably faster for a short response.
  if (typeof body === 'string' && response.useChunkedEncodingByDefault) {
    writeHead(response, 200, all, CHUNKED)
    response.chunkedEncoding = false
    response.end(`${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`)
    return
  }
  writeHead(response, 200, all)
  response.end(body)
}

// Node would write `Date` and `Connection` in another order than MAGE, and add `Keep-Alive`.
function writeHead(
  response: ServerResponse,
  status: number,
  headers: string[],
  last: readonly string[] = [],
): void {
  const keepsAlive = response.shouldKeepAlive && !response.hasHeader('connection') && status !== 413
  headers.push('Date', httpDate(), 'Connection', keepsAlive ? 'keep-alive' : 'close', ...last)
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
