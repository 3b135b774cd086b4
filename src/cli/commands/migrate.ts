import type { Command } from 'commander'
import { addFormatOption, formatOf } from '../client-options.ts'
import { addDatabaseOptions, withDatabase } from '../database.ts'
import { printJson, write } from '../output.ts'

/** Defines `latchkey migrate`. */
export function defineMigrate(command: Command): void {
  addDatabaseOptions(command)
    .option('--status', 'print the schema version and change nothing')
    .option('--dry-run', 'print the SQL of the missing steps and change nothing')
  addFormatOption(command)
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      const { status = false, dryRun = false } = command.opts<{ status?: true; dryRun?: true }>()
      const format = formatOf(command)
      await withDatabase(command, async (database) => {
        if (dryRun) {
          const steps = await database.listSteps()
          if (format === 'json') return printJson({ steps })
          return write(steps.length === 0 ? 'Nothing to do.\n' : `${steps.join('\n\n')}\n`)
        }
        const steps = status ? 0 : await database.migrate()
        const { version, latest } = await database.readSchema()
        if (format === 'json') return printJson({ version, latest, steps })
        const state = `The schema has version ${version}; this release uses ${latest}.`
        return write(status ? `${state}\n` : `Completed steps: ${steps}. ${state}\n`)
      })
    })
}

const EXAMPLES = `
A server migrates its database when it starts; with this command it can be done before.

Examples:
  latchkey migrate --status --database postgres://latchkey@127.0.0.1/latchkey
  latchkey migrate --dry-run`
