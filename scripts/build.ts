/** Compiles `src` to `dist` from nothing, then bundles what an application that embeds the library should not have to install. */
import { spawnSync } from 'node:child_process'
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { bundleCommandLine, bundleLibraries } from './bundle.ts'
import { licencesOf } from './licences.ts'
import { markOptionalPeers } from './optional-peers.ts'

const root = resolve(import.meta.dirname, '..')
const dist = resolve(root, 'dist')
rmSync(dist, { recursive: true, force: true })
const tsc = resolve(root, 'node_modules/.bin/tsc')
const { status } = spawnSync(tsc, ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
if (status === 0) {
  markOptionalPeers(dist, resolve(root, 'package.json'))
  const bundled = [...(await bundleLibraries(dist)), ...(await bundleCommandLine(dist))]
  writeFileSync(resolve(dist, 'THIRD-PARTY-LICENSES'), licencesOf(root, bundled))
  chmodSync(resolve(dist, 'cli/main.js'), 0o755)
}
process.exitCode = status ?? 1
