import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { LatchkeyError } from '../../../core/index.ts'

/** In order of precedence: of a source and a file compiled from it, the compiled one is loaded. */
const EXTENSIONS = ['.js', '.cjs', '.mjs', '.ts', '.cts', '.mts']

/** The files of a module. */
interface ModuleFiles {
  readonly name: string
  readonly folder: string
  /** Null for a module that has only commands. */
  readonly index: string | null
  readonly commands: readonly { readonly name: string; readonly file: string }[]
}

/** The files of an application. */
export interface ApplicationFiles {
  /** The folder of its package.json, which is one or two levels above its modules; without one, the folder above its modules. */
  readonly root: string
  readonly name: string
  readonly version: string | undefined
  /** The index beside the folder of modules, which is loaded first; null if there is none. */
  readonly index: string | null
  readonly modules: readonly ModuleFiles[]
}

/**
 * Finds the files of an application: `<module>/index` and `<module>/usercommands/<command>`, each a file or a folder with an index. Throws
 * `invalid_request` if the folder does not exist.
 */
export function findApplication(modulesFolder: string): ApplicationFiles {
  const folder = resolve(modulesFolder)
  if (!isFolder(folder)) {
    throw new LatchkeyError('invalid_request', `The folder of modules ${folder} does not exist.`)
  }
  const above = dirname(folder)
  const root = findRoot(above)
  const { name, version } = readPackage(root)
  const modules = readdirSync(folder)
    .filter((entry) => isName(entry) && isFolder(join(folder, entry)))
    .sort()
    .map((entry) => findModule(entry, join(folder, entry)))
  return { root, name, version, index: findCode(above, 'index'), modules }
}

function findModule(name: string, folder: string): ModuleFiles {
  const commandsFolder = join(folder, 'usercommands')
  const names = isFolder(commandsFolder) ? commandNames(commandsFolder) : []
  const commands = names.flatMap((command) => {
    const file =
      findCode(commandsFolder, command) ?? findCode(join(commandsFolder, command), 'index')
    return file === null ? [] : [{ name: command, file }]
  })
  return { name, folder, index: findCode(folder, 'index'), commands }
}

function commandNames(folder: string): readonly string[] {
  const names = readdirSync(folder).flatMap((entry) => {
    if (isFolder(join(folder, entry))) return [entry]
    const extension = extname(entry)
    return isCode(entry) ? [basename(entry, extension)] : []
  })
  return [...new Set(names)].filter(isName).sort()
}

function isCode(file: string): boolean {
  return EXTENSIONS.includes(extname(file)) && !/\.(d|test|spec)\.[cm]?[jt]s$/.test(file)
}

function isName(entry: string): boolean {
  return !entry.startsWith('.') && entry !== 'node_modules'
}

function findCode(folder: string, name: string): string | null {
  const files = EXTENSIONS.map((extension) => join(folder, name + extension))
  return files.find((file) => existsSync(file) && statSync(file).isFile()) ?? null
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

// A package.json further up may belong to another project.
function findRoot(above: string): string {
  const folders = [above, dirname(above)]
  return folders.find((folder) => existsSync(join(folder, 'package.json'))) ?? above
}

function readPackage(root: string): { name: string; version: string | undefined } {
  const file = join(root, 'package.json')
  if (!existsSync(file)) return { name: basename(root), version: undefined }
  const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  return {
    name: typeof name === 'string' ? name : basename(root),
    version: typeof version === 'string' ? version : undefined,
  }
}
