/**
 * Makes the packed manifest from the repository's: `strip` before packing, `restore` after. The packed one has no scripts and tools, no
 * Node of its own, and no way to the sources. Its dependencies are ranges, so that an application and the library share one `zod`.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'

const manifest = resolve(import.meta.dirname, '../package.json')
const kept = `${manifest}.kept`

interface Manifest {
  dependencies: Record<string, string>
  exports: Record<string, string | Record<string, string>>
}

if (process.argv[2] === 'strip') {
  const text = readFileSync(manifest, 'utf8')
  writeFileSync(kept, text)
  const { scripts: _, optionalDependencies: __, devDependencies: ___, ...packed } = JSON.parse(text)
  const { dependencies, exports } = packed as Manifest
  for (const [name, version] of Object.entries(dependencies)) dependencies[name] = `^${version}`
  for (const target of Object.values(exports)) {
    if (typeof target !== 'string') delete target['@latchkey/source']
  }
  writeFileSync(manifest, `${JSON.stringify(packed, null, 2)}\n`)
} else if (process.argv[2] === 'restore') {
  if (existsSync(kept)) renameSync(kept, manifest)
} else {
  console.error('usage: node scripts/pack-manifest.ts strip|restore')
  process.exitCode = 64
}
