import type { Command } from 'commander'
import type { ConfigSources } from '../server/index.ts'
import { flagOf, OPTIONS, variableOf } from '../server/options.ts'

const KEYS = ['database', 'databasePasswordFile'] as const

/** Adds the flags that name a database. */
export function addDatabaseOptions(command: Command): Command {
  for (const key of KEYS) {
    const { takes, about } = OPTIONS[key]
    command.option(`${flagOf(key)} <${takes}>`, `${about} (${variableOf(key)})`)
  }
  return command.option(
    '--config <FILE>',
    'the configuration file (LATCHKEY_CONFIG; default: latchkey.config.ts, .js or .mjs in this folder)',
  )
}

/** Runs work on the database that flags, variables or a configuration file name. */
export async function withDatabase<T>(
  command: Command,
  work: (database: DatabaseTools) => Promise<T>,
): Promise<T> {
  const { config: configFile, ...flags } = command.opts<
    ConfigSources['flags'] & { readonly config?: string }
  >()
  const { openDatabaseTools } = await import('../server/database-tools.ts')
  const database = await openDatabaseTools({
    flags: Object.fromEntries(KEYS.flatMap((key) => (key in flags ? [[key, flags[key]]] : []))),
    env: process.env,
    folder: process.cwd(),
    ...(configFile === undefined ? {} : { configFile }),
  })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

type DatabaseTools = import('../server/database-tools.ts').DatabaseTools
