import { isObject } from './json.ts'
import { createChecker, type JsonSchema } from './schema.ts'

/** A request of any command. */
export interface Request {
  readonly name: string
  readonly command: Readonly<Record<string, unknown>>
  readonly message_id?: string
  /** Asks for the error code with every failure. No client of the original sends it. */
  readonly details?: unknown
}

/** A message that is not a request: the failure of the original, or the violation of its schema. */
export type Unreadable = 'internal' | 'no_clause' | { readonly reason: string }

export const REQUEST_SCHEMA: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Request',
  type: 'object',
  required: ['command', 'name'],
  properties: {
    name: { type: 'string', description: 'module/command' },
    command: { type: 'object', description: 'Its parameters; see the schema of the command' },
    message_id: { type: 'string', description: 'Comes back with the answer' },
    details: { description: 'true: failures also have a `code`, and why a session ended' },
  },
}

export const RESPONSE_SCHEMA: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Response',
  type: 'object',
  required: ['message', 'name'],
  properties: {
    name: { type: 'string' },
    message: { type: 'object', description: 'See the schema of the message' },
    message_id: { type: 'string', description: 'That of the request; absent from pushes' },
  },
}

const checker = createChecker(REQUEST_SCHEMA)

/** Parses a message. */
export function readRequest(text: string): Request | Unreadable {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'internal'
  }
  if (checker.accepts(value)) return value as Request
  if (isObject(value) || value === null) {
    return { reason: `Invalid request schema: ${checker.explain(value)}` }
  }
  return Array.isArray(value) ? 'internal' : 'no_clause'
}
