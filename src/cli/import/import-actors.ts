import { createReadStream } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HttpClient } from '../../client/http/index.ts'
import { LatchkeyError } from '../../core/errors.ts'
import type { Client } from '../client-options.ts'
import { printJson, write } from '../output.ts'
import { plainText } from '../plain-text.ts'
import { createProgress, type Progress } from '../progress.ts'
import { collectBatches, type ImportLine, type InvalidLine } from './batches.ts'
import { readLines } from './lines.ts'

interface LineOutcome {
  readonly code: string
  readonly message?: string
  /** `same_record` for an actor that was imported before. */
  readonly reason?: string
}

interface Tally {
  lines: number
  imported: number
  skipped: number
  failed: number
}

interface Report {
  readonly tally: Tally
  readonly progress: Progress
}

const MAX_TRIES = 5
const MAX_WAIT_MS = 15_000

/**
 * Imports a file of actors, one JSON object a line, in batches. Returns how many lines failed; each is reported on standard error
 * with its number and code. Throws an error that concerns the whole import: no server, missing rights, a step-up that is required.
 */
export async function importActors(file: string, { api, format }: Client): Promise<number> {
  const tally: Tally = { lines: 0, imported: 0, skipped: 0, failed: 0 }
  const progress = createProgress()
  const report = { tally, progress }
  try {
    for await (const batch of collectBatches(readLines(open(file)))) {
      if (batch.kind === 'invalid') reportLine(report, batch.line)
      else await sendAll(api, batch.lines, report)
      progress.show(summaryOf(tally))
    }
  } catch (error) {
    progress.note(`Stopped after ${summaryOf(tally)}`)
    throw error
  } finally {
    progress.end()
  }
  await (format === 'json' ? printJson(tally) : write(`${summaryOf(tally)}\n`))
  return tally.failed
}

async function* open(file: string): AsyncGenerator<Buffer> {
  if (file === '-') {
    yield* process.stdin
    return
  }
  try {
    yield* createReadStream(file)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? ''
    if (code === '') throw cause
    throw new LatchkeyError('not_found', `${file} cannot be read (${code}).`, { cause })
  }
}

async function sendAll(
  api: HttpClient,
  lines: readonly ImportLine[],
  report: Report,
): Promise<void> {
  const { tally } = report
  let outcomes: readonly LineOutcome[]
  try {
    outcomes = await send(api, lines, tally.imported > 0)
  } catch (error) {
    const refused = error instanceof LatchkeyError && isAboutData(error)
    if (!refused) throw error
    const [only] = lines
    if (lines.length === 1 && only !== undefined) {
      reportLine(report, { number: only.number, code: error.code, reason: error.message })
      return
    }
    // A server of another release may refuse a line that passed our check, and the whole batch with it: halve to find the line.
    const half = Math.ceil(lines.length / 2)
    await sendAll(api, lines.slice(0, half), report)
    await sendAll(api, lines.slice(half), report)
    return
  }
  for (const [at, { number }] of lines.entries()) {
    const { code, message, reason }: LineOutcome = outcomes[at] ?? { code: 'internal' }
    if (code === 'ok') {
      tally.lines++
      tally.imported++
    } else if (reason === 'same_record') {
      tally.lines++
      tally.skipped++
      report.progress.note(`line ${number}: imported before, skipped`)
    } else reportLine(report, { number, code, reason: message ?? '' })
  }
}

function isAboutData({ code }: LatchkeyError): boolean {
  return code === 'invalid_request' || code === 'too_large'
}

async function send(
  api: HttpClient,
  lines: readonly ImportLine[],
  retryAll: boolean,
): Promise<readonly LineOutcome[]> {
  const body = { actors: lines.map(({ actor }) => actor) }
  for (let tries = 1; ; tries++) {
    try {
      const answer = await api.request<{ outcomes: LineOutcome[] }>(
        'POST',
        '/v1/admin/actors/import',
        {
          body,
        },
      )
      return answer.outcomes
    } catch (error) {
      if (!(error instanceof LatchkeyError) || tries === MAX_TRIES) throw error
      const transient = ['busy', 'throttled', ...(retryAll ? ['unavailable', 'timeout'] : [])]
      if (!transient.includes(error.code)) throw error
      await sleep(Math.min(error.details.retryAfterMs ?? 250 * 2 ** tries, MAX_WAIT_MS))
    }
  }
}

function reportLine({ tally, progress }: Report, { number, code, reason }: InvalidLine): void {
  tally.lines++
  tally.failed++
  progress.note(plainText(`line ${number}: ${code}: ${reason}`))
}

function summaryOf({ lines, imported, skipped, failed }: Tally): string {
  return `${lines} lines: ${imported} imported, ${skipped} skipped, ${failed} failed.`
}
