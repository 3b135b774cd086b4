import { LatchkeyError } from '../core/index.ts'

const FORM = 'application/x-www-form-urlencoded'

/** The largest body, in bytes. */
export const MAX_BODY_BYTES = 65_536

/** How deep JSON may be nested: what validates it recurses. */
export const MAX_BODY_DEPTH = 32

/**
 * Reads a body of JSON (an object). An empty body is an empty object. Throws `too_large`, `unsupported_type`, or `invalid_request` for
 * bad UTF-8, malformed JSON, JSON that is nested too deeply, and JSON that is not an object.
 */
export async function readBody(request: Request): Promise<Record<string, unknown>> {
  const text = decode(await readBytes(request))
  if (text === '') return {}
  if (typeOf(request) !== 'application/json') {
    throw new LatchkeyError('unsupported_type', 'Send application/json.')
  }
  return parseJsonObject(text)
}

/**
 * Reads a body of `application/x-www-form-urlencoded`. A parameter without a value counts as absent (RFC 6749 section 3.2). Throws
 * `too_large`, `unsupported_type`, or `invalid_request` for bad UTF-8 and a parameter that is given twice.
 */
export async function readForm(request: Request): Promise<Record<string, string>> {
  const text = decode(await readBytes(request))
  if (text !== '' && !isForm(request)) {
    throw new LatchkeyError('unsupported_type', `Send ${FORM}.`)
  }
  return parseForm(text)
}

/** Whether a request declares that its body is a form. */
export function isForm(request: Request): boolean {
  return typeOf(request) === FORM
}

function typeOf({ headers }: Request): string {
  return headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ''
}

function parseForm(text: string): Record<string, string> {
  const given = [...new URLSearchParams(text)]
  if (new Set(given.map(([name]) => name)).size < given.length) {
    throw new LatchkeyError('invalid_request', 'A parameter may be given once.')
  }
  return Object.fromEntries(given.filter(([, value]) => value !== ''))
}

/** Parses a JSON object that a client sent. Throws `invalid_request` for anything else, and for an object that is nested too deeply. */
export function parseJsonObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new LatchkeyError('invalid_request', 'The body is not valid JSON.')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new LatchkeyError('invalid_request', 'The body must be a JSON object.')
  }
  if (isDeeper(value, MAX_BODY_DEPTH)) {
    throw new LatchkeyError(
      'invalid_request',
      `The body may be nested ${MAX_BODY_DEPTH} levels deep.`,
    )
  }
  return value as Record<string, unknown>
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1))
}

async function readBytes(request: Request): Promise<Uint8Array[]> {
  const declared = Number(request.headers.get('content-length') ?? '0')
  if (declared > MAX_BODY_BYTES) throw tooLarge()
  if (request.body === null) return []
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = request.body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return chunks
      size += value.byteLength
      if (size > MAX_BODY_BYTES) throw tooLarge()
      chunks.push(value)
    }
  } catch (error) {
    if (error instanceof LatchkeyError) throw error
    throw new LatchkeyError('invalid_request', 'The body ended early.', { cause: error })
  } finally {
    reader.cancel().catch(() => undefined)
  }
}

function tooLarge(): LatchkeyError {
  return new LatchkeyError('too_large', `The body may have at most ${MAX_BODY_BYTES} bytes.`)
}

function decode(chunks: Uint8Array[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new LatchkeyError('invalid_request', 'The body is not valid UTF-8.')
  }
}
