import type { Command } from 'commander'
import type { LoggedInAnswer } from '../../client/http/index.ts'
import { addClientOptions, clientOf } from '../client-options.ts'
import { printLoggedIn } from '../logged-in.ts'
import { printJson } from '../output.ts'
import { promptText, readPassword } from '../password.ts'

/** Defines `latchkey admin`. */
export function defineAdmin(admin: Command): void {
  const command = admin
    .command('claim')
    .argument('[CODE]', 'the one-time code that the server printed')
    .description('Create the first administrator and log in as it.')
    .option('--name <NAME>', 'the name; without it, a terminal prompts for it')
    .option('--email <EMAIL>', 'the e-mail address (optional)')
    .option(
      '--password-file <FILE>',
      'a file with the password, - for standard input (LATCHKEY_PASSWORD; else a terminal prompts for it)',
    )
  addClientOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (given: string | undefined) => {
      const flags = command.opts<{ name?: string; email?: string; passwordFile?: string }>()
      const { api, format } = clientOf(command, { anonymous: true })
      const code = given ?? (await promptText('The one-time code', 'CODE'))
      const name = flags.name ?? (await promptText('Name of the administrator', '--name'))
      const password = await readPassword(flags.passwordFile, { isNew: true })
      const { email } = flags
      const body = { code: code.trim(), name, password, email }
      const loggedIn = await api.request<LoggedInAnswer>('POST', '/v1/bootstrap', { body })
      await (format === 'json' ? printJson(loggedIn) : printLoggedIn(loggedIn))
    })
}

const EXAMPLES = `
Examples:
  latchkey admin claim CODE
  latchkey admin claim CODE --name root --password-file password.txt --format json`
