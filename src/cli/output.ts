import { columnsOf, plainText } from './plain-text.ts'

export type Format = 'human' | 'json'

/** A column of a table. */
export interface Column<Row> {
  readonly title: string
  readonly of: (row: Row) => string
}

let serving = false

/** Exits with 0 when the reader of standard output has closed it: `latchkey audit | head` is not a failure. */
export function exitOnClosedOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' && !serving) process.exit(0)
  })
}

/** Keeps the process running when standard output is closed, for a server. */
export function ignoreClosedOutput(): void {
  serving = true
}

/** Writes to standard output, and waits while its buffer is full. */
export async function write(text: string): Promise<void> {
  if (process.stdout.write(text)) return
  await new Promise<void>((resolve) => process.stdout.once('drain', resolve))
}

/** Prints a value as one line of JSON. */
export function printJson(value: unknown): Promise<void> {
  return write(`${JSON.stringify(value)}\n`)
}

/** Prints `name: value` lines with aligned values. */
export async function printFields(
  fields: readonly (readonly [name: string, value: string])[],
): Promise<void> {
  const width = Math.max(...fields.map(([name]) => columnsOf(name))) + 1
  for (const [name, value] of fields) {
    await write(`${pad(`${name}:`, width)} ${plainText(value)}`.trimEnd().concat('\n'))
  }
}

/** The widths of columns are measured over this many rows. */
const MEASURED_ROWS = 5000

/**
 * Prints a listing while its pages arrive: an aligned table, or a JSON array with one row a line. Columns are as wide as the first
 * 5,000 rows need; memory stays bounded whatever the length of the listing.
 */
export async function printListing<Row>(
  pages: AsyncIterable<readonly Row[]>,
  { format, columns }: { format: Format; columns: readonly Column<Row>[] },
): Promise<void> {
  if (format === 'json') return printJsonArray(pages)
  let held: string[][] = [columns.map(({ title }) => title)]
  let widths: number[] | null = null
  for await (const page of pages) {
    for (const row of page) held.push(columns.map(({ of }) => plainText(of(row)) || '-'))
    if (held.length < MEASURED_ROWS && widths === null) continue
    widths ??= widthsOf(held)
    await printRows(held, widths)
    held = []
  }
  await printRows(held, widths ?? widthsOf(held))
}

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, columnsOf(cell))
  }
  return widths
}

function printRows(rows: readonly string[][], widths: readonly number[]): Promise<void> {
  const lines = rows.map((row) => row.map((cell, at) => pad(cell, widths[at] ?? 0)).join('  '))
  return write(lines.map((line) => `${line.trimEnd()}\n`).join(''))
}

async function printJsonArray(pages: AsyncIterable<readonly unknown[]>): Promise<void> {
  let before = '['
  for await (const page of pages) {
    if (page.length === 0) continue
    const rows = page.map((row) => JSON.stringify(row)).join(',\n')
    await write(`${before}\n${rows}`)
    before = ','
  }
  await write(before === '[' ? '[]\n' : '\n]\n')
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columnsOf(text)))
}
