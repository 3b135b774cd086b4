import type { Row } from './row.ts'
import type { RevisionRow } from './verdict.ts'

/** The columns of a table: their heads, and which of them are figures. */
interface Columns {
  readonly heads: readonly string[]
  readonly figures: ReadonlySet<number>
}

const ROWS: Columns = {
  heads: ['bench', 'against', 'ours', 'theirs', 'unit', 'ratio', 'spread', 'bound', ''],
  figures: new Set([2, 3, 5, 6]),
}

const REVISION_ROWS: Columns = {
  heads: ['bench', 'ours', 'theirs', 'unit', 'ratio', '95 % interval', 'rounds', ''],
  figures: new Set([1, 2, 4, 5]),
}

/** Rows as a table for people: figures to the right, a bound with whether it was met. */
export function renderTable(rows: readonly Row[]): string {
  return render(ROWS, rows.map(cells))
}

/** Rows of `--against` as a table for people; `theirs` is the revision's. */
export function renderRevisionTable(rows: readonly RevisionRow[]): string {
  return render(REVISION_ROWS, rows.map(revisionCells))
}

function render({ heads, figures }: Columns, rows: readonly (readonly string[])[]): string {
  const lines = [heads, ...rows]
  const widths = heads.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? '').length)),
  )
  const pad = (cell: string, column: number) =>
    figures.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)
  const rule = widths.map((width) => '─'.repeat(width))
  return [heads, rule, ...rows].map((line) => line.map(pad).join('  ').trimEnd()).join('\n')
}

function cells(row: Row): string[] {
  return [
    row.bench,
    row.against,
    figure(row.ours),
    row.theirs === null ? '' : figure(row.theirs),
    row.unit,
    row.ratio === null ? '' : `${figure(row.ratio)} ×`,
    row.spread === undefined ? '' : `± ${((row.spread / 2) * 100).toFixed(0)} %`,
    row.bound ?? '',
    row.met === undefined ? '' : row.met ? 'met' : 'MISSED',
  ]
}

function revisionCells(row: RevisionRow): string[] {
  const { interval } = row
  return [
    row.bench,
    figure(row.ours),
    figure(row.theirs),
    row.unit,
    `${figure(row.ratio)} ×`,
    interval === null ? 'too few rounds' : interval.map((end) => end.toFixed(3)).join(' to '),
    row.turns === 'rounds' ? `${row.rounds}` : `${row.rounds} whole`,
    row.verdict === 'lost' ? 'LOST' : row.verdict,
  ]
}

function figure(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value.toPrecision(3)
}
