/** Compiles `src` to `dist`, from nothing, so that no file of an older source stays behind. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
rmSync(resolve(root, 'dist'), { recursive: true, force: true })
const tsc = resolve(root, 'node_modules/.bin/tsc')
const { status } = spawnSync(tsc, ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
const command = resolve(root, 'dist/cli/main.js')
if (status === 0 && existsSync(command)) chmodSync(command, 0o755)
process.exitCode = status ?? 1
