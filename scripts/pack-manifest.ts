/**
 * The packed manifest is not the repository's: it leaves out the Node that the repository brings along, and the scripts and tools
 * that only work here. `strip` before packing, `restore` after.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'

const manifest = resolve(import.meta.dirname, '../package.json')
const kept = `${manifest}.kept`

if (process.argv[2] === 'strip') {
  const text = readFileSync(manifest, 'utf8')
  writeFileSync(kept, text)
  const { scripts: _, optionalDependencies: __, devDependencies: ___, ...packed } = JSON.parse(text)
  writeFileSync(manifest, `${JSON.stringify(packed, null, 2)}\n`)
} else if (process.argv[2] === 'restore') {
  if (existsSync(kept)) renameSync(kept, manifest)
} else {
  console.error('usage: node scripts/pack-manifest.ts strip|restore')
  process.exitCode = 64
}
