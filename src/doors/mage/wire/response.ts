import type { ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

const compress = promisify(gzip)

const NO_CACHE = ['pragma', 'no-cache'] as const
const JSON_TYPE = ['content-type', 'application/json; charset=UTF-8'] as const
const CHUNKED = ['Transfer-Encoding', 'chunked'] as const
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

/** The answer to a batch in short: from 4,096 characters on, for a client that accepts exactly `gzip`; else null. */
export function compressed(body: string, accepts: string | undefined): Promise<Buffer> | null {
  if (body.length < COMPRESSED_FROM || accepts?.split(/\s*,\s*/).includes('gzip') !== true)
    return null
  return compress(body)
}

/** Answers a batch: JSON, or what is left of it compressed, in chunks. */
export function sendBatch(
  response: ServerResponse,
  body: string | Buffer,
  first: readonly string[],
): void {
  const headers = [...first, ...JSON_TYPE, ...(typeof body === 'string' ? [] : GZIP), ...NO_CACHE]
  // Head and body leave in one write where the one chunk is framed here: that saves a good part of a short command.
  if (typeof body === 'string' && response.useChunkedEncodingByDefault) {
    writeHead(response, 200, headers, CHUNKED)
    response.chunkedEncoding = false
    response.end(`${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`)
    return
  }
  writeHead(response, 200, headers)
  response.end(body)
}

// `Date` and `Connection` are written out to stand where MAGE has them, and without a `Keep-Alive` between.
function writeHead(
  response: ServerResponse,
  status: number,
  headers: string[],
  last: readonly string[] = [],
): void {
  const stays = response.shouldKeepAlive && !response.hasHeader('connection') && status !== 413
  headers.push('Date', httpDate(), 'Connection', stays ? 'keep-alive' : 'close', ...last)
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
