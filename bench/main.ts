import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Row } from './harness/row.ts'
import { runBench } from './harness/run-bench.ts'
import { renderTable } from './harness/table.ts'

// Every other file beside this one is a bench: it exports `run(options)`, which resolves to rows.

const USAGE = `npm run bench -- [name…] [--json] [--quick]

  name     a bench, or several; all by default
  --json   an array of rows on stdout instead of a table
  --quick  few sessions and short rounds, to see that everything runs; the figures mean nothing`

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
  const rows: Row[] = []
  for (const name of positionals.length > 0 ? positionals : benches) {
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

await main()
