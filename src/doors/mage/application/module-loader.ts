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
  /** The exports of its modules, by name. */
  readonly modules: ReadonlyMap<string, unknown>
}

const instances = new Map<string, Instance>()

/**
 * Loads an application: its index, its modules, then their commands. The files are CommonJS or ES modules, in JavaScript or TypeScript.
 * `prepare` is called before any of its code runs. The code of an application is loaded once per process. Throws `invalid_request`, with
 * the name of the file, for code that cannot be loaded.
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
  const existing = instances.get(key)
  if (existing !== undefined) return existing
  const { name, version } = files
  const modules = files.modules.map((module) => module.name)
  const instance = createInstance({ name, version, modules })
  instances.set(key, instance)
  provideMage(files.root, instance.mage)
  return instance
}

// The exports of a CommonJS module are its default export too.
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
