import type { Row } from './row.ts'

const HEADER = ['bench', 'against', 'ours', 'theirs', 'unit', 'ratio', 'spread', 'bound', '']

/** Rows as a table for people: figures to the right, a bound with whether it was met. */
export function renderTable(rows: readonly Row[]): string {
  const lines = [HEADER, ...rows.map(cells)]
  const widths = HEADER.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? '').length)),
  )
  const rule = widths.map((width) => '─'.repeat(width))
  return [lines[0] ?? [], rule, ...lines.slice(1)]
    .map((line) => line.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n')
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

function pad(cell: string, width: number, column: number): string {
  const isFigure = column === 2 || column === 3 || column === 5 || column === 6
  return isFigure ? cell.padStart(width) : cell.padEnd(width)
}

function figure(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value.toPrecision(3)
}
