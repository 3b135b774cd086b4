import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '..')

/** What `npm pack` would put into the tarball: the built files and the stripped manifest, unpacked into a project of its own. */
function install(folder: string): string {
  const work = join(folder, 'work')
  const own = join(folder, 'project/node_modules/latchkey')
  mkdirSync(work, { recursive: true })
  mkdirSync(own, { recursive: true })
  const run = (command: string, args: string[], cwd: string) =>
    execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  for (const name of [
    'src',
    'scripts',
    'stubs',
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'README.md',
    'LICENSE',
  ]) {
    cpSync(join(root, name), join(work, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(work, 'node_modules'))
  const packed = JSON.parse(run('npm', ['pack', '--json', '--loglevel=error'], work)) as {
    filename: string
  }[]
  run(
    'tar',
    ['-xzf', join(work, packed[0]?.filename ?? ''), '--strip-components=1', '-C', own],
    folder,
  )
  for (const name of Object.keys(readManifest(own).dependencies)) {
    const target = join(folder, 'project/node_modules', name)
    mkdirSync(resolve(target, '..'), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), target)
  }
  // The manifest of the repository is as it was.
  assert.deepEqual(readManifest(work), readManifest(root))
  return own
}

interface Manifest {
  dependencies: Record<string, string>
  optionalDependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  scripts?: Record<string, string>
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}

test('the packed package runs, and brings no Node of its own', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-pack-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const own = install(folder)
  const manifest = readManifest(own)
  assert.equal(manifest.optionalDependencies, undefined)
  assert.equal(manifest.devDependencies, undefined)
  assert.equal(manifest.scripts, undefined)
  const project = join(folder, 'project')
  const example = readFileSync(join(root, 'examples/embed.ts'), 'utf8')
  writeFileSync(join(project, 'embed.mts'), example)
  const run = (args: string[]) =>
    execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8' })
  assert.equal(run(['embed.mts', join(folder, 'data')]), 'hello, ada\nsession_revoked\n')
  assert.ok(existsSync(join(own, 'stubs/adonis/model.stub')))
  assert.match(run([join(own, 'dist/cli/main.js'), '--version']), /^\d+\.\d+\.\d+\n$/)
})
