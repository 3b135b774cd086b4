import { TOKEN_PATTERN } from '../core/index.ts'

const KEYS =
  'authorization|proxy-authorization|cookie|set-cookie|token|renewal|password|passwordHash|current_password|new_password|current|next|secret|claimCode|deviceCode|userCode'
const VALUE = '"(?:[^"\\\\]|\\\\.)*"'
const SECRET_FIELD = new RegExp(`"(${KEYS})":(?:${VALUE}|\\[(?:${VALUE}(?:,${VALUE})*)?\\])`, 'gi')

/** The password in the URL of a database. */
const URL_PASSWORD = /(postgres(?:ql)?:\/\/[^\s:@/"]*:)[^\s@"]*@/g

/**
 * Removes secrets from a line of JSON: the values of fields with a secret's name, at any depth, and every text with the shape of a token or
 * a code, and the password in the URL of a database.
 */
export function redact(line: string): string {
  return line
    .replace(SECRET_FIELD, '"$1":"[redacted]"')
    .replace(URL_PASSWORD, '$1[redacted]@')
    .replace(TOKEN_PATTERN, '[token]')
}
