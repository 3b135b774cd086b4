import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'
import { ERROR_TABLE, PROFILES } from 'latchkey'
import { SETTINGS } from '../src/core/settings.ts'
import { needOf } from '../src/doors/grpc/door.ts'
import { ROUTES } from '../src/doors/http/routes.ts'
import { Agent, Sessions } from '../src/protocol/grpc/index.ts'

const root = resolve(import.meta.dirname, '..')
const source = globSync('src/**/*.ts', { cwd: root }).sort()
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, string | Record<string, string>>
  dependencies: Record<string, string>
  peerDependencies: Record<string, string>
  devDependencies: Record<string, string>
}

/** What each floor may import beside itself. An import points downwards, or sideways as drawn. */
const FLOORS: Record<string, readonly string[]> = {
  core: [],
  protocol: [],
  stores: ['core'],
  commands: ['core'],
  connections: ['core'],
  doors: ['commands', 'connections', 'protocol', 'http', 'core'],
  server: ['doors', 'web', 'http', 'commands', 'connections', 'stores', 'core'],
  client: ['protocol', 'core'],
  http: ['core'],
  cli: ['server', 'client', 'core'],
  testing: ['stores', 'core'],
  web: ['http', 'connections', 'core'],
  adapters: ['web', 'http', 'connections', 'core'],
  browser: [],
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found = text.matchAll(
    /^(?:\}|import\b.*|export\b.*) from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm,
  )
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
}

function floorOf(file: string): string {
  const [, floor, rest] = file.split('/')
  return rest === undefined ? 'index' : (floor ?? '')
}

const isTest = (file: string) => /\.test\.ts$|testing-support|\/test-support\//.test(file)

test('an import points only downwards', () => {
  for (const file of source.filter((name) => !isTest(name))) {
    const floor = floorOf(file)
    for (const target of importsOf(file)) {
      if (!target.startsWith('.')) continue
      const reached = floorOf(relative(root, resolve(root, dirname(file), target)))
      const allowed = floor === 'index' ? ['core', 'adapters'] : [floor, ...(FLOORS[floor] ?? [])]
      assert.ok(
        allowed.includes(reached),
        `${file} imports ${target}: ${floor} may not reach ${reached}`,
      )
    }
  }
})

test('no door imports another', () => {
  for (const file of source.filter((name) => name.startsWith('src/doors/') && !isTest(name))) {
    const door = file.split('/')[2]
    for (const target of importsOf(file).filter((name) => name.startsWith('.'))) {
      const [, floor, other] = relative(root, resolve(root, dirname(file), target)).split('/')
      if (floor !== 'doors') continue
      assert.equal(other, door, `${file} imports ${target}`)
    }
  }
})

/** The files that a file imports, types included. */
function importedFiles(file: string): string[] {
  return importsOf(file)
    .filter((target) => target.startsWith('.'))
    .map((target) => relative(root, resolve(root, dirname(file), target)))
}

/** The circles of a graph: for each the path from a file back to itself. */
function circlesOf(files: readonly string[], next: (file: string) => readonly string[]): string[] {
  const circles: string[] = []
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '))
    if (done.has(file)) return
    done.add(file)
    for (const target of next(file)) visit(target, [...path, file])
  }
  for (const file of files) visit(file, [])
  return circles
}

test('files import each other in no circle, types included', () => {
  const files = source.filter((name) => !isTest(name))
  assert.deepEqual(circlesOf(files, importedFiles), [])
  const graph: Record<string, string[]> = { a: ['b'], b: ['c'], c: ['b'] }
  assert.deepEqual(
    circlesOf(['a'], (file) => graph[file] ?? []),
    ['b → c → b'],
  )
})

test('timers come from node:timers, where fake timers of an application do not reach them', () => {
  const own = /import \{([^}]*)\} from 'node:timers'/
  for (const file of source.filter((name) => !isTest(name) && !name.startsWith('src/browser/'))) {
    const text = readFileSync(join(root, file), 'utf8')
    const imported = own.exec(text)?.[1] ?? ''
    const awaited = /import \{([^}]*)\} from 'node:timers\/promises'/.exec(text)?.[1] ?? ''
    for (const [, name = ''] of text.matchAll(/(?<![.\w])(set(?:Timeout|Interval|Immediate))\(/g)) {
      assert.ok(`${imported},${awaited}`.includes(name), `${file}: ${name} is a global`)
    }
  }
})

test('the table of CONTRIBUTING lists every floor, and what it may import', () => {
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
  const rows = [...text.matchAll(/^\| `src\/(\w+)` \|.*\| ([^|]+) \|$/gm)]
  const table = rows.map(([, floor = '', names = '']) => [
    floor,
    names === '–' ? [] : names.split(', '),
  ])
  const present = globSync('src/*/', { cwd: root }).map((path) => path.split('/')[1] ?? '')
  const expected = Object.entries(FLOORS).filter(([floor]) => present.includes(floor))
  assert.deepEqual(Object.fromEntries(table), Object.fromEntries(expected))
  assert.equal(rows.length, present.length)
})

test('the list of decisions has every decision, one a file', () => {
  const list = readFileSync(join(root, 'docs/decisions/README.md'), 'utf8')
  for (const file of globSync('docs/decisions/[0-9]*.md', { cwd: root })) {
    const title = /^# (.+)/.exec(readFileSync(join(root, file), 'utf8'))?.[1] ?? ''
    const name = file.split('/').at(-1)
    assert.ok(list.includes(`[${title}](${name})`), `${file}: its title and its link`)
  }
})

test('core does no I/O: of Node it imports crypto, timers, and zlib for its checksum', () => {
  const allowed = new Set(['node:crypto', 'node:zlib', 'node:timers'])
  // Passwords are hashed off the event loop, which takes threads and a look at the machine.
  const forPasswords = new Set([
    'node:os',
    'node:worker_threads',
    'node:util',
    'node:perf_hooks',
    'node:timers/promises',
    'node:url',
    'node:module',
  ])
  for (const file of source.filter((name) => name.startsWith('src/core/') && !isTest(name))) {
    for (const target of importsOf(file).filter((name) => name.startsWith('node:'))) {
      const fine =
        allowed.has(target) ||
        (file.includes('/password/') && forPasswords.has(target)) ||
        // What a domain is, is in the runtime.
        (file.includes('/identity/') && target === 'node:url')
      assert.ok(fine, `${file} imports ${target}`)
    }
  }
})

test('nothing in core, a store or a command reads the clock', () => {
  for (const file of source.filter(
    (name) => /^src\/(core|stores|commands)\//.test(name) && !isTest(name),
  )) {
    if (file === 'src/stores/kit/clock.ts') continue
    const text = readFileSync(join(root, file), 'utf8')
    assert.doesNotMatch(text, /\bDate\.now\(|new Date\(\)/, file)
  }
})

test('every library that is imported is declared', () => {
  // The build bundles the development dependencies that the source imports.
  const { dependencies, peerDependencies, devDependencies } = manifest
  const declared = { ...dependencies, ...peerDependencies, ...devDependencies }
  for (const file of source.filter((name) => !isTest(name))) {
    for (const target of importsOf(file)) {
      if (target.startsWith('.') || target.startsWith('node:')) continue
      const name = target
        .split('/')
        .slice(0, target.startsWith('@') ? 2 : 1)
        .join('/')
      assert.ok(name in declared, `${file} imports ${target}`)
    }
  }
})

test('every export stands at its source and is built to the same place', () => {
  for (const [name, target] of Object.entries(manifest.exports)) {
    if (typeof target === 'string') continue
    const from = target['@latchkey/source'] ?? ''
    assert.ok(existsSync(join(root, from)), `${name}: ${from}`)
    const built = from.replace('./src/', './dist/').replace(/\.ts$/, '')
    assert.equal(target['types'], `${built}.d.ts`)
    assert.equal(target['default'], `${built}.js`)
  }
})

test('files have one subject: none is longer than 400 lines', () => {
  for (const file of [
    ...source,
    ...globSync('{test,bench,scripts,examples}/**/*.ts', { cwd: root }),
  ]) {
    if (file.includes('node_modules') || file.startsWith('src/protocol/grpc/gen/')) continue
    const lines = readFileSync(join(root, file), 'utf8').split('\n').length
    assert.ok(lines <= 401, `${file} has ${lines} lines`)
  }
})

const reference = (name: string) => readFileSync(join(root, 'docs/reference', name), 'utf8')

/** The rows of the generated table of a text, by the code in their first cell. */
function tableOf(text: string): Map<string, string[]> {
  const [, table = ''] = text.split(/<!-- \/?table -->/)
  const rows = table.split('\n').filter((line) => /^\| `/.test(line))
  return new Map(
    rows.map((row) => {
      const cells = row
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim())
      return [(cells[0] ?? '').replaceAll('`', ''), cells]
    }),
  )
}

test('the reference lists every error code with its statuses', () => {
  const rows = tableOf(reference('errors.md'))
  assert.deepEqual([...rows.keys()].sort(), Object.keys(ERROR_TABLE).sort())
  for (const [code, { http, grpc, close, exit }] of Object.entries(ERROR_TABLE)) {
    const cells = rows.get(code)?.slice(1, 5)
    assert.deepEqual(cells, [String(http), `\`${grpc}\``, String(close), String(exit)], code)
  }
})

test('the reference lists every setting with its default', () => {
  const rows = tableOf(reference('settings.md'))
  assert.deepEqual([...rows.keys()].sort(), [...SETTINGS.keys()].sort())
  for (const [name, { value }] of SETTINGS) {
    assert.equal(rows.get(name)?.[1], `\`${JSON.stringify(value)}\``, name)
  }
})

test('the reference lists every profile', () => {
  const text = reference('settings.md')
  for (const name of Object.keys(PROFILES)) assert.ok(text.includes(`profile.${name}.`), name)
})

test('the reference lists every route', () => {
  const text = reference('http.md')
  for (const { method, path } of ROUTES) {
    const shown = path.replaceAll(/:(\w+)/g, '{$1}')
    assert.ok(text.includes(`| \`${method} ${shown}`), `${method} ${shown}`)
  }
})

test('the reference lists every method of gRPC, and what it needs', () => {
  const rows = tableOf(reference('grpc.md'))
  const methods = [Agent, Sessions].flatMap(({ name, typeName, methods }) =>
    methods.map((method) => [`${name}/${method.name}`, `/${typeName}/${method.name}`] as const),
  )
  assert.deepEqual(
    [...rows.keys()],
    methods.map(([shown]) => shown),
  )
  for (const [shown, path] of methods) {
    assert.equal(rows.get(shown)?.[3], needOf(path) === 'required' ? 'a session' : '–', shown)
  }
})
