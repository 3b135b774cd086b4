import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { runAgainst } from './harness/against.ts'
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

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      against: { type: 'string' },
      rounds: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const benches = listBenches()
  const unknown = positionals.filter((name) => !benches.includes(name))
  if (values.help || unknown.length > 0) {
    for (const name of unknown) console.error(`There is no bench ${name}.`)
    console.error(`${USAGE}\n\nbenches: ${benches.join(', ')}`)
    process.exitCode = values.help ? 0 : 64
    return
  }
  const chosen = positionals.length > 0 ? positionals : benches
  if (values.against !== undefined) {
    const rounds = Number(values.rounds ?? (values.quick ? 3 : 15))
    if (!Number.isInteger(rounds) || rounds < 1) {
      console.error(`--rounds is a whole number from 1 on, not ${values.rounds}.\n\n${USAGE}`)
      process.exitCode = 64
      return
    }
    const options = { revision: values.against, benches: chosen, rounds, quick: values.quick }
    const { rows, failed } = await runAgainst(options)
    console.log(values.json ? JSON.stringify(rows, null, 2) : renderRevisionTable(rows))
    if (failed || rows.some(({ verdict }) => verdict === 'lost')) process.exitCode = 1
    return
  }
  const rows: Row[] = []
  for (const name of chosen) {
    try {
      rows.push(...(await runBench(name, { quick: values.quick })))
    } catch (error) {
      // The others still have something to say.
      console.error(error instanceof Error ? error.message : error)
      process.exitCode = 1
    }
  }
  console.log(values.json ? JSON.stringify(rows, null, 2) : renderTable(rows))
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
