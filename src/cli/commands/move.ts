import type { Command } from 'commander'
import { addFormatOption, formatOf } from '../client-options.ts'
import { addDatabaseOptions, databaseSourcesOf } from '../database.ts'
import { printJson, write } from '../output.ts'

/** Defines `latchkey move`. */
export function defineMove(command: Command): void {
  command.requiredOption('--from <DIR>', 'the data folder; no server may use it')
  addFormatOption(addDatabaseOptions(command))
    .addHelpText('after', HELP)
    .action(async () => {
      const format = formatOf(command)
      const { moveData } = await import('../../server/move-data.ts')
      const { from } = command.opts<{ from: string }>()
      const moved = await moveData(from, databaseSourcesOf(command))
      if (format === 'json') return printJson(moved)
      const counts = Object.entries(moved).map(([table, count]) => `${table}: ${count}`)
      return write(
        `${counts.join('\n')}\nThe copy is verified. Start the server with --database.\n`,
      )
    })
}

const HELP = `
Copies everything into an empty database and compares the copy with the folder, which is not changed. Sessions, tokens and passwords
stay valid. Until the copy is verified no server starts on the database; if it is interrupted, run it again.

Example:
  latchkey move --from /var/lib/latchkey --database postgres://latchkey@127.0.0.1/latchkey`
