import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { basename, delimiter, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { progress } from './harness/progress.ts'
import { figuresNamed, takeTurns } from './harness/rounds.ts'
import { compare, compareWithBound, type Row, type RunOptions } from './harness/row.ts'
import { createFolder } from './setup/folder.ts'

export const name = 'install'

const ROOT = resolve(import.meta.dirname, '..')
const NOT_PACKED = new Set(['.git', 'dist', 'node_modules'])

/** How many packages does an application install that embeds the library, and how long does it wait for the import? */
export async function run({ quick }: RunOptions): Promise<Row[]> {
  const folder = await createFolder()
  try {
    progress(name, 'packing and installing')
    const project = await installInto(folder.path)
    const packages = await countPackages(project)
    const rounds = await takeTurns(
      { latchkey: importer(project, 'latchkey'), 'better-auth': importer(ROOT, 'better-auth') },
      { bench: name, rounds: quick ? 3 : 15, ms: 0 },
    )
    const importing = { bench: `${name}-import`, unit: 'ms' }
    const ours = figuresNamed(rounds.latchkey, 'ms')
    const theirs = figuresNamed(rounds['better-auth'], 'ms')
    const below = (value: number) => ({ of: 'ours', is: '<', value }) as const
    return [
      compareWithBound(`${name}-packages`, 'packages', [packages], below(20)),
      compareWithBound(importing.bench, importing.unit, ours, below(100)),
      compare({ ...importing, against: 'better-auth', ours, theirs }),
    ]
  } finally {
    await folder.remove()
  }
}

/** Packs a copy of this checkout, since packing rewrites the manifest, and installs it into an empty project. */
async function installInto(folder: string): Promise<string> {
  const work = join(folder, 'work')
  const project = join(folder, 'project')
  await cp(ROOT, work, { recursive: true, filter: (path) => !NOT_PACKED.has(basename(path)) })
  await symlink(join(ROOT, 'node_modules'), join(work, 'node_modules'))
  const packed = await runCommand('npm', ['pack', '--json', '--loglevel=error'], work)
  const [tarball] = JSON.parse(packed) as { readonly filename: string }[]
  await mkdir(project)
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }')
  const leftOut = ['--omit=dev', '--omit=optional']
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  const file = join(work, tarball?.filename ?? '')
  await runCommand('npm', ['install', ...leftOut, ...quiet, file], project)
  return project
}

/** The packages below a project, the library itself included. */
async function countPackages(project: string): Promise<number> {
  const lock = await readFile(join(project, 'node_modules/.package-lock.json'), 'utf8')
  const { packages } = JSON.parse(lock) as { readonly packages: Readonly<Record<string, unknown>> }
  return Object.keys(packages).length
}

/** Each round imports a package in a fresh process. The start of Node itself does not count. */
function importer(folder: string, packageName: string) {
  const script = `const began = performance.now()
    await import('${packageName}')
    console.log(performance.now() - began)`
  return {
    async measure() {
      const args = ['--input-type=module', '--eval', script]
      return { ms: Number(await runCommand(process.execPath, args, folder)) }
    },
  }
}

async function runCommand(
  command: string,
  args: readonly string[],
  folder: string,
): Promise<string> {
  // npm and its scripts run on the Node of this process. Nothing compiled before is used.
  const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`
  const { NODE_COMPILE_CACHE: _, NODE_ENV: __, ...env } = process.env
  const options = { cwd: folder, env: { ...env, PATH: path } }
  return (await promisify(execFile)(command, args, options)).stdout
}
