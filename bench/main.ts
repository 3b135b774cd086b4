import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type AgainstOptions, runAgainst } from './harness/against.ts'
import type { Row } from './harness/row.ts'
import { runBench } from './harness/run-bench.ts'
import { renderRevisionTable, renderTable } from './harness/table.ts'

// Every other file beside this one is a bench: it exports `run(options)`, which resolves to rows.

const USAGE = `npm run bench -- [name…] [--json] [--quick] [--against REV [--rounds N]]

  name           a bench, or several; all by default
  --json         an array of rows on stdout instead of a table
  --quick        few sessions and short rounds, to see that everything runs; the figures mean nothing
  --against REV  compares this checkout with another revision; exit code 1 if a row has lost
  --rounds N     rounds of both a row: 15 by default (3 with --quick)`

function listBenches(): string[] {
  return readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
    .map((file) => file.slice(0, -3))
    .sort()
}

function parse() {
  return parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      against: { type: 'string' },
      rounds: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
}

async function main(): Promise<void> {
  const { values, positionals } = parse()
  const { json, quick } = values
  const benches = listBenches()
  const wrong = positionals
    .filter((name) => !benches.includes(name))
    .map((name) => `There is no bench ${name}.`)
  const rounds = Number(values.rounds ?? (quick ? 3 : 15))
  if (!Number.isInteger(rounds) || rounds < 1) wrong.push('--rounds is a whole number from 1 on.')
  if (values.help || wrong.length > 0) {
    console.error([...wrong, `${USAGE}\n\nbenches: ${benches.join(', ')}`].join('\n'))
    process.exitCode = values.help ? 0 : 64
    return
  }
  const names = positionals.length > 0 ? positionals : benches
  if (values.against === undefined) await run(names, json, quick)
  else await compareWith(values.against, { benches: names, rounds, quick }, json)
}

async function run(names: readonly string[], json: boolean, quick: boolean): Promise<void> {
  const rows: Row[] = []
  for (const name of names) {
    try {
      rows.push(...(await runBench(name, { quick })))
    } catch (error) {
      // The others still have something to say.
      console.error(error instanceof Error ? error.message : error)
      process.exitCode = 1
    }
  }
  console.log(json ? JSON.stringify(rows, null, 2) : renderTable(rows))
}

async function compareWith(
  revision: string,
  options: Omit<AgainstOptions, 'revision'>,
  json: boolean,
): Promise<void> {
  const { rows, failed } = await runAgainst({ revision, ...options })
  console.log(json ? JSON.stringify(rows, null, 2) : renderRevisionTable(rows))
  if (failed || rows.some(({ verdict }) => verdict === 'lost')) process.exitCode = 1
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
