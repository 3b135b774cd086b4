import { createReadStream } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { LatchkeyError } from '../../core/errors.ts'
import type { Api } from '../api.ts'
import type { Client } from '../client-options.ts'
import { printJson, write } from '../output.ts'
import { plainText } from '../plain-text.ts'
import { createProgress, type Progress } from '../progress.ts'
import { type BadLine, gather, type ImportLine } from './batches.ts'
import { readLines } from './lines.ts'

interface Outcome {
  readonly code: string
  readonly message?: string
}

interface Tally {
  lines: number
  imported: number
  skipped: number
  failed: number
}

const MAX_TRIES = 5
const MAX_WAIT_MS = 15_000

/**
 * Imports a dump of actors, line by line and in requests as large as the server takes. Returns how many lines were bad; each is
 * reported on standard error with its number and code. Throws what stops the whole: no server, no right, a proof too old.
 */
export async function importActors(file: string, { api, format }: Client): Promise<number> {
  const tally: Tally = { lines: 0, imported: 0, skipped: 0, failed: 0 }
  const progress = createProgress()
  try {
    for await (const batch of gather(readLines(open(file)))) {
      if (batch.kind === 'bad') report(tally, progress, batch.line)
      else await sendAll(api, batch.lines, { tally, progress })
      progress.show(sentence(tally))
    }
  } catch (error) {
    progress.note(`Stopped after ${sentence(tally)}`)
    throw error
  } finally {
    progress.end()
  }
  await (format === 'json' ? printJson(tally) : write(`${sentence(tally)}\n`))
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
  api: Api,
  lines: readonly ImportLine[],
  told: { readonly tally: Tally; readonly progress: Progress },
): Promise<void> {
  const { tally, progress } = told
  let outcomes: readonly Outcome[]
  try {
    outcomes = await send(api, lines, tally.imported > 0)
  } catch (error) {
    const refused = error instanceof LatchkeyError && isAboutData(error)
    if (!refused) throw error
    const [only] = lines
    if (lines.length === 1 && only !== undefined) {
      report(tally, progress, { number: only.number, code: error.code, why: error.message })
      return
    }
    // A server of another release may refuse a line that we let pass, and with it the whole: find out which.
    const half = Math.ceil(lines.length / 2)
    await sendAll(api, lines.slice(0, half), told)
    await sendAll(api, lines.slice(half), told)
    return
  }
  for (const [at, { number }] of lines.entries()) {
    const { code, message } = outcomes[at] ?? { code: 'internal' }
    if (code === 'ok') {
      tally.lines++
      tally.imported++
    } else report(tally, progress, { number, code, why: message ?? '' })
  }
}

function isAboutData({ code }: LatchkeyError): boolean {
  return code === 'invalid_request' || code === 'too_large'
}

async function send(
  api: Api,
  lines: readonly ImportLine[],
  patient: boolean,
): Promise<readonly Outcome[]> {
  const body = { actors: lines.map(({ actor }) => actor) }
  for (let tries = 1; ; tries++) {
    try {
      const answer = await api.ask<{ outcomes: Outcome[] }>('POST', '/v1/admin/actors/import', {
        body,
      })
      return answer.outcomes
    } catch (error) {
      if (!(error instanceof LatchkeyError) || tries === MAX_TRIES) throw error
      const passing = ['busy', 'throttled', ...(patient ? ['unavailable', 'timeout'] : [])]
      if (!passing.includes(error.code)) throw error
      await sleep(Math.min(error.details.retryAfterMs ?? 250 * 2 ** tries, MAX_WAIT_MS))
    }
  }
}

function report(tally: Tally, progress: Progress, { number, code, why }: BadLine): void {
  tally.lines++
  const known = code === 'identity_taken'
  if (known) tally.skipped++
  else tally.failed++
  progress.note(plainText(`line ${number}: ${code}${known ? ', skipped' : ''}: ${why}`))
}

function sentence({ lines, imported, skipped, failed }: Tally): string {
  return `${lines} lines: ${imported} imported, ${skipped} already there, ${failed} failed.`
}
