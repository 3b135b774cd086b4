import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { progress } from './progress.ts'

const run = promisify(execFile)

/** This checkout. */
export const ROOT = resolve(import.meta.dirname, '../..')

/** Another revision of the repository, checked out and ready to run. */
export interface Revision {
  /** Its abbreviated commit. */
  readonly commit: string
  /** The folder that it is in. */
  readonly checkout: string
  /** A folder for data, beside it. */
  readonly data: string
  /** Removes both. */
  remove(): Promise<void>
}

/**
 * Checks a revision out into a temporary folder, with our packages where it wants the same ones and its own
 * otherwise. Rejects where there is no such revision.
 */
export async function openRevision(name: string, signal: AbortSignal): Promise<Revision> {
  const commit = await commitOf(name)
  const parent = process.env['LATCHKEY_BENCH_DIR'] ?? tmpdir()
  const folder = await realpath(await mkdtemp(join(parent, 'latchkey-against-')))
  const checkout = join(folder, 'checkout')
  const remove = async () => {
    // Git refuses where the checkout was never made; the folder is removed in either case.
    await git('worktree', 'remove', '--force', checkout).catch(() => undefined)
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    await git('worktree', 'prune')
  }
  try {
    await git('worktree', 'add', '--detach', checkout, commit)
    signal.throwIfAborted()
    await addPackages(checkout, signal)
    const data = join(folder, 'data')
    await mkdir(data)
    return { commit, checkout, data, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

async function commitOf(name: string): Promise<string> {
  try {
    return await git('rev-parse', '--verify', '--short', '--end-of-options', `${name}^{commit}`)
  } catch {
    throw new Error(`There is no revision ${name} in this repository.`)
  }
}

async function git(...words: string[]): Promise<string> {
  const { stdout } = await run('git', words, { cwd: ROOT })
  return stdout.trim()
}

async function addPackages(checkout: string, signal: AbortSignal): Promise<void> {
  const [ours, theirs] = await Promise.all(
    [ROOT, checkout].map((folder) => readFile(join(folder, 'package-lock.json'), 'utf8')),
  )
  if (ours === theirs) {
    await symlink(await realpath(join(ROOT, 'node_modules')), join(checkout, 'node_modules'))
    return
  }
  progress('against', 'installing the packages of the revision')
  const install = spawn('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: checkout,
    stdio: ['ignore', 2, 2],
    signal,
  })
  const [code] = (await once(install, 'close')) as [number | null]
  if (code !== 0) throw new Error(`npm ci of the revision ended with exit code ${code}`)
}
