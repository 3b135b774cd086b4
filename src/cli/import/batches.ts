import { checkImportLine } from '../../server/import-line.ts'
import type { Line } from './lines.ts'

/** A line that can be sent. */
export interface ImportLine {
  readonly number: number
  readonly actor: unknown
}

/** A line that is refused, and the reason. */
export interface InvalidLine {
  readonly number: number
  readonly code: string
  readonly reason: string
}

export type Batch =
  | { readonly kind: 'valid'; readonly lines: readonly ImportLine[] }
  | { readonly kind: 'invalid'; readonly line: InvalidLine }

/** The limits of one request of the server, less the JSON around the lines. */
const MAX_LINES = 200
const MAX_BYTES = 60_000

/** Checks each line as the server does, and collects the valid ones into batches of one request each. */
export async function* collectBatches(lines: AsyncIterable<Line>): AsyncGenerator<Batch> {
  let batch: ImportLine[] = []
  let bytes = 0
  for await (const line of lines) {
    const checked = check(line)
    if (!('actor' in checked)) {
      yield { kind: 'invalid', line: checked }
      continue
    }
    const size = Buffer.byteLength(JSON.stringify(checked.actor)) + 1
    if (batch.length > 0 && (batch.length === MAX_LINES || bytes + size > MAX_BYTES)) {
      yield { kind: 'valid', lines: batch }
      batch = []
      bytes = 0
    }
    batch.push(checked)
    bytes += size
  }
  if (batch.length > 0) yield { kind: 'valid', lines: batch }
}

function check(line: Line): ImportLine | InvalidLine {
  if (!('text' in line)) return line
  const { number, text } = line
  let actor: unknown
  try {
    actor = JSON.parse(text)
  } catch {
    return { number, code: 'invalid_request', reason: 'The line is not JSON.' }
  }
  const reason = checkImportLine(actor)
  return reason === null ? { number, actor } : { number, code: 'invalid_request', reason }
}
