import type { IncomingMessage } from 'node:http'

/** How many times its limit a client may send before its connection is closed without a response. */
const DISCARD_FACTOR = 8

type Body = { readonly ok: true; readonly bytes: Buffer } | { readonly ok: false }

const EMPTY: Body = { ok: true, bytes: Buffer.alloc(0) }

/**
 * Reads the body of a request of any method. A body above `limit` bytes is not ok: the rest is discarded, so that the client can read the
 * response. Returns null if the client has disconnected, or sends more than eight times the limit.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Body | null> {
  const announced = request.headers['content-length']
  if (
    announced === '0' ||
    (announced === undefined && request.headers['transfer-encoding'] === undefined)
  ) {
    return Promise.resolve(EMPTY)
  }
  if (Number(announced) > limit * DISCARD_FACTOR) return Promise.resolve({ ok: false })
  const { promise, resolve } = Promise.withResolvers<Body | null>()
  const chunks: Buffer[] = []
  let size = 0
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= limit) chunks.push(chunk)
    else chunks.length = 0
    if (size > limit * DISCARD_FACTOR) {
      resolve(null)
      request.destroy()
    }
  })
  request.on('end', () => {
    if (size > limit) resolve({ ok: false })
    else
      resolve({
        ok: true,
        bytes: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks),
      })
  })
  request.on('error', () => resolve(null))
  request.on('close', () => resolve(null))
  return promise
}
