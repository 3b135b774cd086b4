import type { Command } from 'commander'
import { addClientOptions, clientOf } from '../client-options.ts'
import { type LoggedIn, printLoggedIn } from '../logged-in.ts'
import { printJson } from '../output.ts'
import { askText, readPassword } from '../password.ts'

/** `latchkey admin`: how there comes to be an administrator. */
export function addAdmin(program: Command): void {
  const admin = program.command('admin').description('The first administrator.')
  const command = admin
    .command('claim')
    .argument('[CODE]', 'the one-time code that the server printed')
    .description('Become the first administrator.')
    .option('--name <NAME>', 'what it is called; asked for on a terminal')
    .option('--email <EMAIL>', 'its e-mail, if it has one')
    .option(
      '--password-file <FILE>',
      'its password’s file, - for standard input; asked for on a terminal',
    )
  addClientOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (given: string | undefined) => {
      const flags = command.opts<{ name?: string; email?: string; passwordFile?: string }>()
      const { api, format } = clientOf(command, { anonymous: true })
      const code = given ?? (await askText('The one-time code', 'CODE'))
      const name = flags.name ?? (await askText('Name of the administrator', '--name'))
      const password = await readPassword(flags.passwordFile, { isNew: true })
      const { email } = flags
      const body = { code: code.trim(), name, password, email }
      const loggedIn = await api.ask<LoggedIn>('POST', '/v1/bootstrap', { body })
      await (format === 'json' ? printJson(loggedIn) : printLoggedIn(loggedIn))
    })
}

const EXAMPLES = `
Examples:
  latchkey admin claim CODE
  latchkey admin claim CODE --name root --password-file password.txt --format json`
