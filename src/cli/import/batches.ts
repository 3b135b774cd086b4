import { checkImportLine } from '../../server/import-line.ts'
import type { Line } from './lines.ts'

/** A line that may be sent. */
export interface ImportLine {
  readonly number: number
  readonly actor: unknown
}

/** A line that may not, and why. */
export interface BadLine {
  readonly number: number
  readonly code: string
  readonly why: string
}

export type Batch =
  | { readonly kind: 'good'; readonly lines: readonly ImportLine[] }
  | { readonly kind: 'bad'; readonly line: BadLine }

/** What the server takes in one request, with room for what stands around it. */
const MAX_LINES = 200
const MAX_BYTES = 60_000

/** Checks lines one by one, as the server would, and gathers the good ones into what one request may hold. */
export async function* gather(lines: AsyncIterable<Line>): AsyncGenerator<Batch> {
  let batch: ImportLine[] = []
  let bytes = 0
  for await (const line of lines) {
    const checked = check(line)
    if (!('actor' in checked)) {
      yield { kind: 'bad', line: checked }
      continue
    }
    const size = Buffer.byteLength(JSON.stringify(checked.actor)) + 1
    if (batch.length > 0 && (batch.length === MAX_LINES || bytes + size > MAX_BYTES)) {
      yield { kind: 'good', lines: batch }
      batch = []
      bytes = 0
    }
    batch.push(checked)
    bytes += size
  }
  if (batch.length > 0) yield { kind: 'good', lines: batch }
}

function check(line: Line): ImportLine | BadLine {
  if (!('text' in line)) return line
  const { number, text } = line
  let actor: unknown
  try {
    actor = JSON.parse(text)
  } catch {
    return { number, code: 'invalid_request', why: 'The line is not JSON.' }
  }
  const why = checkImportLine(actor)
  return why === null ? { number, actor } : { number, code: 'invalid_request', why }
}
