import { TOKEN_PATTERN } from '../core/index.ts'

const KEYS =
  'authorization|proxy-authorization|cookie|set-cookie|token|renewal|password|passwordHash|current_password|new_password|current|next|secret|claimCode|deviceCode|userCode'
const VALUE = '"(?:[^"\\\\]|\\\\.)*"'
const SECRET_FIELD = new RegExp(`"(${KEYS})":(?:${VALUE}|\\[(?:${VALUE}(?:,${VALUE})*)?\\])`, 'gi')

/**
 * Takes the secrets out of a line of JSON: the values of fields that hold one, at any depth, and whatever looks like one of
 * our tokens or codes, wherever it stands.
 */
export function redact(line: string): string {
  return line.replace(SECRET_FIELD, '"$1":"[redacted]"').replace(TOKEN_PATTERN, '[token]')
}
