import type { Command } from 'commander'
import { addFormatOption, formatOf } from '../client-options.ts'
import { addYesOption, confirm } from '../confirm.ts'
import { addDataOption, dataFolderOf } from '../data-option.ts'
import { printJson, write } from '../output.ts'
import { plainText } from '../plain-text.ts'

/** Defines `latchkey backup`. */
export function defineBackup(command: Command): void {
  command.argument('<FILE>', 'the new file; it must not exist')
  addFormatOption(addDataOption(command))
    .addHelpText('after', BACKUP_HELP)
    .action(async (file: string) => {
      const format = formatOf(command)
      const { backupData } = await import('../../server/backup.ts')
      const report = backupData(dataFolderOf(command), file)
      if (format === 'json') return printJson(report)
      return write(`Saved ${report.bytes} bytes in ${plainText(report.file)}\n`)
    })
}

/** Defines `latchkey restore`. */
export function defineRestore(command: Command): void {
  command
    .argument('<FILE>', 'a file of “latchkey backup”')
    .option('--keep-sessions', 'keep the sessions of the backup; without it all of them end')
  addFormatOption(addYesOption(addDataOption(command)))
    .addHelpText('after', RESTORE_HELP)
    .action(async (file: string) => {
      const format = formatOf(command)
      const folder = dataFolderOf(command)
      const { hasData, restoreBackup } = await import('../../server/backup.ts')
      if (hasData(folder)) await confirm(command, `Replace the data in ${folder} by the backup?`)
      const keepSessions = command.opts<{ keepSessions?: boolean }>().keepSessions === true
      const report = await restoreBackup(folder, file, { keepSessions })
      if (format === 'json') return printJson(report)
      const kept =
        report.replaced === null ? '' : `The data before is in ${plainText(report.replaced)}\n`
      const sessions = keepSessions ? 'Its sessions are kept.' : 'All of its sessions have ended.'
      return write(`Restored ${plainText(report.file)}. ${sessions}\n${kept}`)
    })
}

const BACKUP_HELP = `
The server may run. The copy is of one instant, verified, and readable by you only. It holds password hashes and signing keys.

Example:
  latchkey backup /backups/latchkey-$(date +%F).db --data /var/lib/latchkey`

const RESTORE_HELP = `
Stop the server first. The data that is replaced stays beside it as latchkey.db.replaced.

Example:
  latchkey restore /backups/latchkey-2026-11-25.db --data /var/lib/latchkey`
