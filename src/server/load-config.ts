import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { checkConfig } from './config.ts'
import { configurationError } from './configuration-error.ts'
import { flagOf, OPTION_KEYS, type OptionKey, readOption, variableOf } from './options.ts'
import type { ServerConfig } from './server-config.ts'

const CONFIG_FILES = ['latchkey.config.ts', 'latchkey.config.js', 'latchkey.config.mjs'] as const

/** Variables that are not options of the server. */
const OTHER_VARIABLES: ReadonlySet<string> = new Set([
  'LATCHKEY_CONFIG',
  'LATCHKEY_SERVER',
  'LATCHKEY_CA',
  'LATCHKEY_NODE_PATH',
  'LATCHKEY_TOKEN',
  'LATCHKEY_PASSWORD',
  'LATCHKEY_DEBUG',
])

/** Where `loadConfig` reads a configuration from. */
export interface ConfigSources {
  /** The texts of flags; true or false for a switch. */
  readonly flags: Readonly<Partial<Record<OptionKey, string | boolean>>>
  /** The file that a flag names. */
  readonly configFile?: string
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The folder in which `latchkey.config.ts`, `.js` and `.mjs` are looked for, where no file is named. */
  readonly folder: string
}

/** The result of `loadConfig`. */
export interface LoadedConfig {
  /** The configuration, without defaults. */
  readonly config: ServerConfig
  /** The file that was read, or null. */
  readonly file: string | null
  /** Variables that begin with `LATCHKEY_` and are no option. */
  readonly unknownVariables: readonly string[]
}

/**
 * Loads a configuration. A flag replaces a `LATCHKEY_*` variable, a variable replaces a key of the file. An empty variable counts as
 * unset. Throws `invalid_request`, which names the flag, the variable, or the file and its key.
 */
export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const file = findFile(sources)
  const fromFile = file === null ? {} : await readFile(file)
  const fromEnv = readTexts(OPTION_KEYS, (key) => sources.env[variableOf(key)] || undefined)
  const fromFlags = readTexts(OPTION_KEYS, (key) => sources.flags[key])
  const config = {
    ...fromFile,
    ...checkConfig(fromEnv, variableOf),
    ...checkConfig(fromFlags, flagOf),
  }
  return { config, file, unknownVariables: findUnknown(sources.env) }
}

function readTexts(
  keys: readonly OptionKey[],
  find: (key: OptionKey) => string | boolean | undefined,
): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const key of keys) {
    const text = find(key)
    if (text !== undefined) found[key] = typeof text === 'string' ? readOption(key, text) : text
  }
  return found
}

function findFile({ configFile, env, folder }: ConfigSources): string | null {
  const named = configFile ?? (env['LATCHKEY_CONFIG'] || undefined)
  if (named !== undefined) {
    const file = resolve(folder, named)
    if (!existsSync(file)) throw configurationError(`There is no configuration file ${file}.`)
    return file
  }
  const found = CONFIG_FILES.find((name) => existsSync(join(folder, name)))
  return found === undefined ? null : join(folder, found)
}

async function readFile(file: string): Promise<ServerConfig> {
  let exported: unknown
  try {
    const loaded: { default?: unknown } = await import(pathToFileURL(file).href)
    exported = loaded.default
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw configurationError(`${file} cannot be loaded: ${message.split('\n')[0]}`, error)
  }
  if (typeof exported !== 'object' || exported === null || Array.isArray(exported)) {
    throw configurationError(`${file} has no configuration as its default export.`)
  }
  return checkConfig(exported, (key) => `${file}: ${key}`)
}

// These only cause a warning: orchestrators set LATCHKEY_PORT and the like for a service named latchkey.
function findUnknown(env: ConfigSources['env']): string[] {
  const expected = new Set([...OPTION_KEYS.map(variableOf), ...OTHER_VARIABLES])
  return Object.keys(env).filter(
    (name) =>
      name.startsWith('LATCHKEY_') &&
      !expected.has(name) &&
      !/^LATCHKEY_(SERVICE_|PORT$|PORT_|TEST_)/.test(name),
  )
}
