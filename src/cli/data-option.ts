import type { Command } from 'commander'
import { OPTIONS } from '../server/options.ts'

/** Adds `--data`, for commands that work on a data folder. */
export function addDataOption(command: Command): Command {
  const { about, value } = OPTIONS.data
  return command.option('--data <DIR>', `${about} (LATCHKEY_DATA, default ${value})`)
}

/** Returns the value of `--data`, else of `LATCHKEY_DATA`, else the default. */
export function dataFolderOf(command: Command): string {
  const given = command.opts<{ data?: string }>().data ?? process.env['LATCHKEY_DATA']
  return given || (OPTIONS.data.value ?? '')
}
