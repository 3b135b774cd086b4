import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TemporaryFolder {
  readonly path: string
  remove(): Promise<void>
}

/** A new folder under `LATCHKEY_BENCH_DIR`, or else the system's: on a disk, if durability is to cost anything. */
export async function createFolder(): Promise<TemporaryFolder> {
  const parent = process.env['LATCHKEY_BENCH_DIR'] ?? tmpdir()
  const path = await mkdtemp(join(parent, 'latchkey-bench-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** Bytes of all files in a folder. */
export async function folderBytes(path: string): Promise<number> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
