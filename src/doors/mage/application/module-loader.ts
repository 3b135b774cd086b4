import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { LatchkeyError } from '../../../core/index.ts'
import { createInstance, type Instance } from './mage.ts'
import { provideMage } from './mage-import.ts'
import { type ApplicationFiles, findApplication } from './module-files.ts'
import { readUserCommand, type UserCommand } from './user-command.ts'

/** An application whose code is loaded. */
export interface LoadedApplication {
  readonly files: ApplicationFiles
  readonly instance: Instance
  readonly commands: readonly UserCommand[]
  /** What its modules export, by name. */
  readonly modules: ReadonlyMap<string, unknown>
}

const instances = new Map<string, Instance>()

/**
 * Loads an application: its index, its modules, then their commands, CommonJS or ESM, JavaScript or TypeScript. `prepare` is called before any
 * of its code runs. An application is loaded once in a process: opened again, it is the same code. Throws `invalid_request`, naming the
 * file, for code that cannot be loaded.
 */
export async function loadApplication(
  modulesFolder: string,
  prepare: (instance: Instance, files: ApplicationFiles) => void,
): Promise<LoadedApplication> {
  const files = findApplication(modulesFolder)
  const instance = instanceOf(modulesFolder, files)
  prepare(instance, files)
  if (files.index !== null) await load(files.index)
  const modules = new Map<string, unknown>()
  for (const { name, folder, index } of files.modules) {
    const exported = index === null ? {} : await load(index)
    modules.set(name, exported)
    instance.addModule(name, folder, exported)
  }
  const commands: UserCommand[] = []
  for (const module of files.modules) {
    for (const { name, file } of module.commands) {
      commands.push(readUserCommand(module.name, name, await load(file)))
    }
  }
  return { files, instance, commands, modules }
}

function instanceOf(modulesFolder: string, files: ApplicationFiles): Instance {
  const key = resolve(modulesFolder)
  const known = instances.get(key)
  if (known !== undefined) return known
  const { name, version } = files
  const modules = files.modules.map((module) => module.name)
  const instance = createInstance({ name, version, modules })
  instances.set(key, instance)
  provideMage(files.root, instance.mage)
  return instance
}

// What CommonJS exports comes as the default; so does what an ES module exports by that name.
async function load(file: string): Promise<unknown> {
  try {
    const exported = (await import(pathToFileURL(file).href)) as Record<string, unknown>
    return 'default' in exported ? exported['default'] : exported
  } catch (error) {
    const message = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new LatchkeyError('invalid_request', `${file} cannot be loaded: ${message}`, {
      cause: error,
    })
  }
}
