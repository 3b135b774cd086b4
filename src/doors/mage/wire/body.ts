import type { IncomingMessage } from 'node:http'

/** How much more than its limit a request may send before it is cut off unanswered. */
const PATIENCE = 8

type Body = { readonly ok: true; readonly bytes: Buffer } | { readonly ok: false }

const EMPTY: Body = { ok: true, bytes: Buffer.alloc(0) }

/**
 * Reads a body of any method. Not ok where it is larger than `limit` bytes: the rest is thrown away as it comes, so that the answer can
 * be read. Null for a client that went away, or sends far too much.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Body | null> {
  const announced = request.headers['content-length']
  if (
    announced === '0' ||
    (announced === undefined && request.headers['transfer-encoding'] === undefined)
  ) {
    return Promise.resolve(EMPTY)
  }
  if (Number(announced) > limit * PATIENCE) return Promise.resolve({ ok: false })
  const { promise, resolve } = Promise.withResolvers<Body | null>()
  const chunks: Buffer[] = []
  let size = 0
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= limit) chunks.push(chunk)
    else chunks.length = 0
    if (size > limit * PATIENCE) {
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
