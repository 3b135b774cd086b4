/**
 * Puts the library into `FOLDER/node_modules/latchkey`, built from `src` as it is now: what `npm install latchkey` would put there.
 * Applications with an installation of their own, as `examples/adonis`, call it after each install.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const folder = process.argv[2]
if (folder === undefined) {
  console.error('usage: node scripts/place-package.ts FOLDER')
  process.exit(64)
}
const target = join(resolve(folder), 'node_modules/latchkey')
rmSync(target, { recursive: true, force: true })
mkdirSync(target, { recursive: true })
const {
  devDependencies: _,
  optionalDependencies: __,
  ...manifest
} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
writeFileSync(join(target, 'package.json'), JSON.stringify(manifest))
cpSync(join(root, 'stubs'), join(target, 'stubs'), { recursive: true })
const tsc = join(root, 'node_modules/.bin/tsc')
const { status } = spawnSync(
  tsc,
  [
    ...['-p', 'tsconfig.build.json', '--outDir', join(target, 'dist')],
    ...['--sourceMap', 'false', '--inlineSources', 'false'],
  ],
  { cwd: root, stdio: 'inherit' },
)
process.exitCode = status ?? 1
