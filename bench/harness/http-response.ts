const HEAD_END = Buffer.from('\r\n\r\n')
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n')

export interface ResponseCheck {
  /** The status that every answer must have. */
  readonly status: number
  /** What every body must contain. */
  readonly contains: string
}

/**
 * Reads the answers of one connection, one at a time: only as much of HTTP as a load generator needs that must not be the
 * slower side. Throws for an answer that is not what it must be.
 */
export function createResponseReader({ status, contains }: ResponseCheck) {
  const line = Buffer.from(`HTTP/1.1 ${status} `)
  let pending: Buffer | null = null

  /** Whether the answer is complete with this chunk. */
  return (chunk: Buffer): boolean => {
    const bytes: Buffer = pending === null ? chunk : Buffer.concat([pending, chunk])
    pending = bytes
    const headEnd = bytes.indexOf(HEAD_END)
    if (headEnd === -1) return false
    const bodyStart = headEnd + HEAD_END.length
    const length = contentLength(bytes.toString('latin1', 0, headEnd))
    const complete =
      length === null
        ? bytes.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)
        : bytes.length >= bodyStart + length
    if (!complete) return false
    if (!bytes.subarray(0, line.length).equals(line) || !bytes.includes(contains, bodyStart)) {
      throw new Error(`an answer that must not be: ${bytes.toString('latin1').slice(0, 600)}`)
    }
    if (length !== null && bytes.length > bodyStart + length)
      throw new Error('more than one answer')
    pending = null
    return true
  }
}

/** Null for a body in chunks. */
function contentLength(head: string): number | null {
  const found = /\r\ncontent-length: *(\d+)/i.exec(head)
  return found === null ? null : Number(found[1])
}
