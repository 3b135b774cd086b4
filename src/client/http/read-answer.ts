import { ERROR_TABLE, type ErrorCode, LatchkeyError } from '../../core/errors.ts'

/**
 * Returns the JSON of an answer, or null for an empty one. Throws the server's refusal with its
 * code, or `unavailable` if the answer is not that of a Latchkey server.
 */
export async function readAnswer<T>(response: Response, base: string): Promise<T> {
  const type = response.headers.get('content-type') ?? ''
  const text = await response.text()
  let body: unknown = null
  if (/^application\/([\w.-]+\+)?json\b/.test(type)) {
    try {
      body = JSON.parse(text)
    } catch (cause) {
      throw notLatchkey(base, response.status, cause)
    }
  } else if (text !== '' || !response.ok) {
    throw notLatchkey(base, response.status)
  }
  if (response.ok) return body as T
  throw refused(response, body, base)
}

function refused(response: Response, body: unknown, base: string): LatchkeyError {
  const { code, detail, issues, reason, sessions } = (body ?? {}) as Record<string, unknown>
  if (typeof code !== 'string' || !Object.hasOwn(ERROR_TABLE, code))
    return notLatchkey(base, response.status)
  const wait = Number(response.headers.get('retry-after') ?? Number.NaN)
  const text = typeof detail === 'string' ? detail : `The server answered ${response.status}.`
  return new LatchkeyError(code as ErrorCode, text, {
    ...(Number.isFinite(wait) ? { retryAfterMs: wait * 1000 } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(Array.isArray(sessions) ? { sessions } : {}),
    ...(Array.isArray(issues) ? { issues } : {}),
  })
}

/** Returns the error for an answer that no Latchkey server gives. */
export function notLatchkey(base: string, status: number, cause?: unknown): LatchkeyError {
  const message = `${base} is not a Latchkey server (it answered with status ${status}).`
  return new LatchkeyError('unavailable', message, { cause })
}
