import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'
import { PROFILES } from 'latchkey'
import { SETTINGS } from '../src/core/settings.ts'

const root = resolve(import.meta.dirname, '..')
const page = join(root, 'docs/reference/asvs.md')
const text = readFileSync(page, 'utf8')

/** The ids of a section of the standard, from 1 to its last. */
const ids = (lasts: Readonly<Record<string, number>>) =>
  Object.entries(lasts).flatMap(([section, last]) =>
    Array.from({ length: last }, (_, at) => `${section}.${at + 1}`),
  )

const V6 = ids({ 6.1: 3, 6.2: 12, 6.3: 8, 6.4: 6, 6.5: 8, 6.6: 4, 6.7: 2, 6.8: 4 })
const V7 = ids({ 7.1: 3, 7.2: 4, 7.3: 2, 7.4: 5, 7.5: 3, 7.6: 2 })
const V9 = ids({ 9.1: 3, 9.2: 4 })
const COMPANIONS = [
  ...['2.4.1', '3.3.1', '3.3.2', '3.3.3', '3.3.4', '3.3.5', '3.5.1', '3.5.2', '3.5.3', '4.1.3'],
  ...['4.4.1', '4.4.2', '4.4.3', '4.4.4', '8.3.2', '8.4.1', '10.4.5', '10.4.8', '10.4.9', '11.2.4'],
  ...['11.4.2', '11.5.1', '13.2.6', '14.2.1', '14.3.1', '14.3.2', '16.2.2', '16.2.5', '16.3.1'],
  ...['16.3.2', '16.4.2', '16.5.2', '16.5.3'],
]

interface Row {
  readonly id: string
  readonly level: number
  readonly status: string
  readonly proof: string
}

const cellsOf = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())

const rows: readonly Row[] = text
  .split('\n')
  .filter((line) => /^\| \d/.test(line))
  .map((line) => {
    const cells = cellsOf(line)
    assert.equal(cells.length, 5, line)
    const [id = '', level = '', , status = '', proof = ''] = cells
    return { id, level: Number(level), status: status.replaceAll('`', ''), proof }
  })

/** Each test that a proof names, with the file that stands before it. */
function testsOf({ id, proof }: Row): { file: string; name: string }[] {
  let file = ''
  const found: { file: string; name: string }[] = []
  for (const [, path, name] of proof.matchAll(/`([^`]+\.ts)`|“([^”]+)”/g)) {
    if (path !== undefined) file = path
    if (name !== undefined) found.push({ file, name })
  }
  for (const { file } of found) assert.notEqual(file, '', `${id}: a test without its file`)
  return found
}

const linksOf = ({ proof }: Row) => [...proof.matchAll(/\]\(([^)]+)\)/g)].map(([, to = '']) => to)

const literally = (part: string) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** Whether a file has a test or a case of a name; where its name is a template, of strings that are in the file. */
function hasTest(source: string, name: string): boolean {
  const names = source.matchAll(/(?:\btest\(\s*|\bname: )(?:'((?:[^'\\]|\\.)*)'|`([^`]*)`)/g)
  for (const [, plain, template] of names) {
    if (plain?.replaceAll("\\'", "'") === name) return true
    if (template === undefined) continue
    const parts = template.split(/\$\{[^}]*\}/).map(literally)
    const made = new RegExp(`^${parts.join('(.+)')}$`).exec(name)
    if (made?.slice(1).every((part) => source.includes(`'${part}`)) === true) return true
  }
  return false
}

const slugOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s-]/gu, '')
    .replaceAll(' ', '-')

test('the tables have every line of V6, V7 and V9, and of the other chapters, once', () => {
  assert.deepEqual([V6.length, V7.length, V9.length], [47, 19, 7])
  const expected = [...V6, ...V7, ...V9, ...COMPANIONS]
  assert.deepEqual(
    rows.map(({ id }) => id),
    expected,
  )
  const first = rows.slice(0, V6.length + V7.length + V9.length)
  const count = (level: number) => first.filter((row) => row.level === level).length
  assert.deepEqual([count(1), count(2), count(3)], [23, 37, 13])
})

test('every status is one that is explained, with the proof that it needs', () => {
  const explained = [...text.matchAll(/^- `([a-z ]+)`:/gm)].map(([, status]) => status)
  assert.equal(explained.length, 6)
  for (const row of rows) {
    assert.ok(explained.includes(row.status), `${row.id}: ${row.status}`)
    if (/^(met|offered|partly)$/.test(row.status)) assert.ok(testsOf(row).length > 0, row.id)
    if (row.status === 'documented') assert.ok(linksOf(row).length > 0, row.id)
  }
})

test('every test that is named is in the file that is named', () => {
  for (const row of rows) {
    for (const { file, name } of testsOf(row)) {
      assert.match(file, /\.test\.ts$|^src\/testing\/[\w-]+-cases\.ts$/, row.id)
      assert.ok(existsSync(join(root, file)), `${row.id}: there is no ${file}`)
      const source = readFileSync(join(root, file), 'utf8')
      assert.ok(hasTest(source, name), `${row.id}: ${file} has no test “${name}”`)
    }
  }
})

test('every section that is linked to is there', () => {
  for (const [, to = ''] of text.matchAll(/\]\((?!https:)([^)]+)\)/g)) {
    const [path = '', anchor] = to.split('#')
    const file = path === '' ? page : resolve(dirname(page), path)
    assert.ok(existsSync(file), to)
    if (anchor === undefined) continue
    const headings = readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)
    assert.ok([...headings].map(([, heading = '']) => slugOf(heading)).includes(anchor), to)
  }
})

test('the throttle is written down with the numbers in force', () => {
  const told = new Map(
    text
      .split('\n')
      .filter((line) => line.startsWith('| `throttle.'))
      .map((line) => cellsOf(line).map((cell) => cell.replaceAll('`', '')))
      .map(([name = '', value = '']) => [name, value]),
  )
  const settings = [...SETTINGS].filter(([name]) => name.startsWith('throttle.'))
  assert.deepEqual(told, new Map(settings.map(([name, { value }]) => [name, String(value)])))
})

/** A time as the page writes it. */
function timeOf(ms: number | null): string {
  if (ms === null) return '–'
  const minutes = ms / 60_000
  if (minutes < 60) return `${minutes} min`
  return minutes > 24 * 60 ? `${minutes / 60 / 24} d` : `${minutes / 60} h`
}

test('the lifetimes and limits are written down with the numbers in force', () => {
  for (const [name, profile] of Object.entries(PROFILES)) {
    const { idleMs, tokenMs, absoluteMs, maxLive, onLimit } = profile
    const times = [idleMs, tokenMs, absoluteMs].map(timeOf)
    const row = ['', `\`${name}\``, ...times, maxLive, `\`${onLimit}\``, ''].join(' | ').trim()
    assert.ok(text.includes(`\n${row}\n`), row)
  }
})
